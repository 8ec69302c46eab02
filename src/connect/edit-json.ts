// Puts settings into JSON as clients take it: with comments, and with commas before a closing bracket.
// INVARIANT: only the members that change are written; every other character stays, comments too.
import { isDeepStrictEqual } from 'node:util';
import { outline, type Part, partOf } from '../protocols/json-outline.ts';
import { type Edit, insertion, type JsonText, jsonText, replacement } from './json-text.ts';
import { CannotEdit, isKeyedList, isMap } from './merge.ts';

/** What a JSON text says, comments aside. Throws `CannotEdit` where it cannot be read. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(jsonText(text).plain);
  } catch {
    throw new CannotEdit('it is not JSON');
  }
}

/** The text with this content, of which what it says now is a part. */
export function editJson(text: string, content: unknown): string {
  const source = jsonText(text);
  const edits = changes(source, { at: source.plain.indexOf('{'), old: readJson(text), wanted: content });
  return edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((all, { start, end, text: put }) => all.slice(0, start) + put + all.slice(end), text);
}

interface Change {
  readonly old: unknown;
  readonly wanted: unknown;
}

function changes(source: JsonText, { at, old, wanted }: Change & { readonly at: number }): readonly Edit[] {
  if (isDeepStrictEqual(old, wanted)) return [];
  const parts = outline(source.plain, at);
  if (isMap(old) && isMap(wanted)) {
    const [known, added] = [Object.keys(old), Object.keys(wanted).filter((key) => !(key in old))];
    const entries = added.map((key) => ({ key, value: wanted[key] }));
    return [
      ...known.flatMap((key) => change(source, partOf(parts, key), { old: old[key], wanted: wanted[key] })),
      ...insertion(source, { at, parts, entries }),
    ];
  }
  if (!isKeyedList(old) || !isKeyedList(wanted))
    throw new CannotEdit('it is neither a map nor a list where one of them is expected');
  return [
    ...old.flatMap((one, index) => change(source, parts[index], { old: one, wanted: wanted[index] })),
    ...insertion(source, { at, parts, entries: wanted.slice(old.length).map((value) => ({ value })) }),
  ];
}

function change(source: JsonText, part: Part | undefined, { old, wanted }: Change): readonly Edit[] {
  if (isDeepStrictEqual(old, wanted)) return [];
  if (!part) throw new CannotEdit('its parts cannot be told from each other');
  // Lists of things with an `id` are changed within, and grow at their end.
  const isWithin = (isMap(old) && isMap(wanted)) || (isKeyedList(old) && isKeyedList(wanted));
  return isWithin ? changes(source, { at: part.start, old, wanted }) : [replacement(source, part, wanted)];
}
