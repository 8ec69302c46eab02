// Usage in a chat stream that the client did not ask for: asked for on the way up, taken out on the way down.
import type { Splice } from '../core/call.ts';
import { invalid, isFields } from './fields.ts';
import { type Edit, isObjectAt, outline, type Part, partOf, removeParts, setMember, splice } from './json-outline.ts';
import { aliasEdit } from './model-request.ts';
import type { Outgoing, Reading } from './protocol.ts';

/** Whether a request's `stream_options` ask for usage. Throws `request.invalid` where they are no options. */
export function asksForUsage(options: unknown): boolean {
  if (options === undefined || options === null) return false;
  if (!isFields(options)) throw invalid('expected `stream_options` to be an object');
  return options['include_usage'] === true;
}

/** The edit that sets `stream_options.include_usage` in the body whose object opens at `open`. */
function includeUsageEdit(text: string, open: number, parts: readonly Part[]): Edit {
  const options = partOf(parts, 'stream_options');
  if (!options || !isObjectAt(text, options)) {
    return setMember(open, parts, { key: 'stream_options', value: '{"include_usage":true}' });
  }
  return setMember(options.start, outline(text, options.start), { key: 'include_usage', value: 'true' });
}

/** The client's bytes, with the upstream's name of the model and, for a stream that is metered, asking for its usage. */
export function writeStreamed(
  body: Buffer,
  reading: Reading,
  { model, meter }: { readonly model: string; readonly meter: boolean },
): Outgoing {
  const hideUsage = meter && reading.stream && !asksForUsage(reading.args['stream_options']);
  const renamed = model !== reading.resource.name;
  if (!hideUsage && !renamed) return { body, splices: [], hideUsage };
  const text = body.toString('latin1');
  const open = text.indexOf('{');
  const parts = outline(text, open);
  const edits: Edit[] = [];
  const splices: Splice[] = [];
  if (renamed) {
    edits.push(aliasEdit(parts, model));
    splices.push('model-alias');
  }
  if (hideUsage) {
    edits.push(includeUsageEdit(text, open, parts));
    splices.push('include-usage');
  }
  return { body: splice(body, edits), splices, hideUsage };
}

const NO_USAGE_END = ',"usage":null}';

/** The data of a chunk without usage; undefined for the chunk that has nothing else. */
export function withoutUsage(data: string): string | undefined {
  // As OpenAI writes every chunk but the last; in JSON this end can only be the end of the whole.
  if (data.endsWith(NO_USAGE_END)) return `${data.slice(0, -NO_USAGE_END.length)}}`;
  if (!data.includes('"usage"')) return data;
  const parts = outline(data, 0);
  const usage = partOf(parts, 'usage');
  if (!usage) return data;
  if (isObjectAt(data, usage)) return isEmptyArray(data, partOf(parts, 'choices')) ? undefined : data;
  const [edit] = removeParts(parts, (index) => parts[index] !== usage);
  if (!edit || data.slice(usage.start, usage.end) !== 'null') return data;
  return data.slice(0, edit.start) + data.slice(edit.end);
}

function isEmptyArray(text: string, part: Part | undefined): boolean {
  return part !== undefined && /^\[\s*\]$/.test(text.slice(part.start, part.end));
}
