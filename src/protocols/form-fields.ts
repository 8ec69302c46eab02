// The fields of a form that a dialect acts on, as the members of an object would be.
import { header, type RequestHead } from '../core/exchange.ts';
import { type Fields, invalid, type KnownKeys, refuseVariants } from './fields.ts';
import { utf8Text } from './json.ts';
import { splice } from './json-outline.ts';
import { boundaryOf, type FormPart, readForm } from './multipart.ts';
import type { Outgoing, Reading } from './protocol.ts';

/** Bytes of one plain field. */
const FIELD_BYTES_MAX = 65_536;

/** A file in a form, by what is said of it. */
export interface FormFile {
  readonly field: string;
  readonly filename: string;
  readonly type: string;
  readonly bytes: number;
}

export interface Form {
  /** Plain fields by name; the values of a name that ends in `[]` as a list. */
  readonly fields: Fields;
  readonly files: readonly FormFile[];
}

/** The form in a request's body. Throws `request.invalid`. */
export function readFormFields(request: RequestHead, body: Buffer, known: KnownKeys): Form {
  const parts = readForm(body, requireBoundary(request));
  const fields: Record<string, unknown> = {};
  const files: FormFile[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    const { name, filename, type } = part;
    if (seen.has(name) && !name.endsWith('[]')) throw invalid(`the form has the field \`${name.slice(0, 100)}\` twice`);
    seen.add(name);
    if (filename === undefined) setField(fields, name, textOf(body, part));
    else files.push({ field: name, filename, type, bytes: part.end - part.start });
  }
  refuseNames(seen, known);
  for (const { field } of files)
    if ([...known.values()].includes(field))
      throw invalid(`expected \`${field}\` to be a plain field of the form, not a file`);
  return { fields, files };
}

/** The form's bytes, with the upstream's name of the model. The form was read before, so its first line is its boundary. */
export function writeFormModel(body: Buffer, reading: Reading, model: string): Outgoing {
  if (model === reading.resource.name) return { body, splices: [], hideUsage: false };
  const boundary = body.toString('latin1', 2, body.indexOf('\r\n', 0, 'latin1'));
  const edits = readForm(body, boundary)
    .filter(({ name }) => name === 'model')
    .map(({ start, end }) => ({ start, end, text: model }));
  return { body: splice(body, edits), splices: ['model-alias'], hideUsage: false };
}

function requireBoundary(request: RequestHead): string {
  const type = header(request.headers, 'content-type') ?? 'none';
  const boundary = boundaryOf(type);
  if (boundary === undefined) {
    throw invalid(
      `expected \`content-type: multipart/form-data\` with a boundary and nothing else, got \`${type.slice(0, 100)}\``,
    );
  }
  if ((header(request.headers, 'content-encoding') ?? 'identity') !== 'identity') {
    throw invalid('expected a form without `content-encoding`');
  }
  return boundary;
}

function setField(fields: Record<string, unknown>, name: string, value: string): void {
  const before = fields[name];
  const next = name.endsWith('[]') ? [...(Array.isArray(before) ? (before as readonly unknown[]) : []), value] : value;
  Object.defineProperty(fields, name, { value: next, enumerable: true, configurable: true, writable: true });
}

/** Refuses names that some reader takes for a known one (`model[]`, `Model`), and the one that changes how others are read. */
function refuseNames(names: ReadonlySet<string>, known: KnownKeys): void {
  refuseVariants(Object.fromEntries([...names].map((name) => [name, true])), known);
  for (const name of names) {
    const bracket = name.indexOf('[');
    // A space makes it a variant of what it could be taken for.
    if (bracket >= 0) refuseVariants({ [`${name.slice(0, bracket)} `]: true }, known);
  }
  if (names.has('_charset_')) throw invalid('expected a form in UTF-8, without `_charset_`');
}

function textOf(body: Buffer, { name, type, start, end }: FormPart): string {
  const what = `the field \`${name.slice(0, 100)}\` of the form`;
  if (type !== '' && type !== 'text/plain')
    throw invalid(`expected ${what} to be plain text, or a file with a file name`);
  if (end - start > FIELD_BYTES_MAX) throw invalid(`expected ${what} to have at most ${FIELD_BYTES_MAX} bytes`);
  return utf8Text(body.subarray(start, end), what);
}
