// Lists cut down to what a caller may use, by taking bytes out; everything else stays as the upstream sent it.
import type { Resource } from '../core/access.ts';
import { GatewayError } from '../core/errors.ts';
import { isFields } from './fields.ts';
import { readJson } from './json.ts';
import { type Edit, isArrayAt, outline, type Part, partOf, removeParts, splice } from './json-outline.ts';

export type MayUse = (resource: { kind: Resource['kind']; name: string }) => boolean;

/** A list of models (OpenAI's and Anthropic's have the same shape) with only those that may be used. */
export function narrowModels(body: Buffer, _: string, mayUse: MayUse): Buffer {
  const list = readList(body);
  if (!isFields(list) || !Array.isArray(list['data'])) return body;
  const entries = list['data'] as readonly unknown[];
  const kept = entries.map((entry) => nameIn(entry, 'id')).map((name) => mayUseName(name, 'model', mayUse));
  if (!kept.includes(false)) return body;
  const text = body.toString('latin1');
  const parts = outline(text, text.indexOf('{'));
  const ids = entries.filter((_entry, index) => kept[index]).map((entry) => nameIn(entry, 'id'));
  return splice(body, [
    ...removeElements(text, partOf(parts, 'data'), kept),
    ...pageEdge(parts, 'first_id', ids[0]),
    ...pageEdge(parts, 'last_id', ids.at(-1)),
  ]);
}

// Ends of the page that Anthropic's lists name.
function pageEdge(parts: readonly Part[], key: string, id: string | undefined): readonly Edit[] {
  const part = partOf(parts, key);
  return part ? [{ start: part.start, end: part.end, text: JSON.stringify(id ?? null) }] : [];
}

/** The value of a list that an upstream sent. Throws `upstream.broken`: what cannot be read cannot be cut down. */
export function readList(body: Buffer): unknown {
  try {
    return readJson(body);
  } catch (cause) {
    throw new GatewayError(
      'upstream.broken',
      'the upstream sent a list that is not plain JSON; nothing of it was passed on',
      { cause },
    );
  }
}

/** The name of an entry, or undefined where it has none. */
export function nameIn(entry: unknown, key: string): string | undefined {
  const name = isFields(entry) ? entry[key] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Whether an entry may be used; one without a name may not. */
export function mayUseName(name: string | undefined, kind: Resource['kind'], mayUse: MayUse): boolean {
  return name !== undefined && mayUse({ kind, name });
}

/** The edits that take the elements out of an array that are not kept. */
export function removeElements(text: string, array: Part | undefined, kept: readonly boolean[]): readonly Edit[] {
  if (!array || !isArrayAt(text, array)) return [];
  return removeParts(outline(text, array.start), (index) => kept[index] === true);
}
