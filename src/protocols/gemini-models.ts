// Where a body names its model besides the path: `"model": "models/NAME"`, and Google's list of models.
import { GatewayError } from '../core/errors.ts';
import { type Fields, isFields } from './fields.ts';
import { usualNames } from './gemini-fields.ts';
import { type Edit, isArrayAt, isObjectAt, outline, type Part, partOf, splice } from './json-outline.ts';
import { type MayUse, mayUseName, nameIn, readList, removeElements } from './narrow.ts';

const PREFIX = 'models/';
/** `requests` of a batch each have one, and so has the request that is counted. */
const NESTED = /^(?:requests|generateContentRequest|generate_content_request)$/;

/** Refuses a body that names another model than its path: one of them would be the one that was not decided on. */
export function checkModels(request: Fields, model: string): void {
  const { requests, generateContentRequest } = request;
  const others = Array.isArray(requests) ? (requests as readonly unknown[]) : [requests];
  for (const one of [request, generateContentRequest, ...others]) {
    const named = isFields(one) ? (usualNames(one)['model'] ?? undefined) : undefined;
    if (named === undefined || named === model || named === PREFIX + model) continue;
    throw new GatewayError('request.mismatch', `the body names another model than the path, \`${model}\`; name one`);
  }
}

/** The body with the upstream's name of the model wherever it names one; the same bytes where it does not. */
export function renameModels(body: Buffer, model: string): Buffer {
  const text = body.toString('latin1');
  const edits = renames(text, { at: text.indexOf('{'), value: JSON.stringify(PREFIX + model) });
  return edits.length === 0 ? body : splice(body, edits);
}

interface Renaming {
  /** Where the object opens. */
  readonly at: number;
  /** The new name, as JSON. */
  readonly value: string;
}

function renames(text: string, { at, value }: Renaming): readonly Edit[] {
  const inside = (part: Part): readonly Edit[] =>
    isObjectAt(text, part) ? renames(text, { at: part.start, value }) : [];
  return outline(text, at).flatMap((part): readonly Edit[] => {
    if (part.key === 'model') return [{ start: part.start, end: part.end, text: value }];
    if (!NESTED.test(part.key)) return [];
    return isArrayAt(text, part) ? outline(text, part.start).flatMap(inside) : inside(part);
  });
}

/** Google's list of models with only those that may be used. */
export function narrowGemini(body: Buffer, _: string, mayUse: MayUse): Buffer {
  const list = readList(body);
  if (!isFields(list) || !Array.isArray(list['models'])) return body;
  const entries = list['models'] as readonly unknown[];
  const kept = entries.map((entry) => mayUseName(modelName(entry), 'model', mayUse));
  if (!kept.includes(false)) return body;
  const text = body.toString('latin1');
  return splice(body, removeElements(text, partOf(outline(text, text.indexOf('{')), 'models'), kept));
}

function modelName(entry: unknown): string | undefined {
  const name = nameIn(entry, 'name');
  return name?.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}
