// A query as conditions see it, read so that no server can find other parameters in it.
import { invalid } from './fields.ts';

/** Parameter → its value; a list where it occurs more than once, and for names like `tag[]`. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/** What frameworks take for the method of a request, whatever its own is. */
export const METHOD_OVERRIDE = /^(?:_method|x-http-method(?:-override)?|x-method-override)$/i;

const PARAMETERS_MAX = 256;
const NONE: Query = Object.freeze({});

/** Reads a query, which begins with its `?` or is empty. Throws `request.invalid`. */
export function readQuery(query: string): Query {
  if (query.length <= 1) return NONE;
  const text = query.slice(1);
  // Some servers end a parameter at `;`, and some begin the query at the last `?`.
  if (/[;?]/.test(text)) throw invalid('expected `;` and `?` in the query to be percent-encoded');
  const pieces = text.split('&');
  if (pieces.length > PARAMETERS_MAX) throw invalid(`the query has more than ${PARAMETERS_MAX} parameters`);
  const values = new Map<string, string | string[]>();
  for (const piece of pieces) if (piece !== '') addPiece(values, piece);
  return Object.fromEntries(values);
}

function addPiece(values: Map<string, string | string[]>, piece: string): void {
  const equals = piece.indexOf('=');
  const name = decode(equals < 0 ? piece : piece.slice(0, equals));
  const value = equals < 0 ? '' : decode(piece.slice(equals + 1));
  if (METHOD_OVERRIDE.test(name)) {
    throw invalid('the query has a parameter that some servers take for the method; send the method itself');
  }
  const before = values.get(name);
  if (before === undefined) values.set(name, name.endsWith('[]') ? [value] : value);
  else if (typeof before === 'string') values.set(name, [before, value]);
  else before.push(value);
}

function decode(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalid('expected the query to be percent-encoded UTF-8');
  }
  if (decoded.includes('\0')) throw invalid('the query has a NUL character');
  return decoded;
}

/** The query with a list for each parameter that may occur more than once. Throws `request.invalid` where another does. */
export function queryWithLists(query: Query, lists: ReadonlySet<string>): Query {
  const entries = Object.entries(query).map(([name, value]) => {
    if (lists.has(name)) return [name, typeof value === 'string' ? [value] : value] as const;
    if (typeof value !== 'string' && !name.endsWith('[]')) throw repeated(name);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

// Servers differ in which of the values counts.
function repeated(name: string): Error {
  return invalid(
    `the query parameter \`${name.slice(0, 100)}\` occurs more than once; the operator can name it in \`lists\` of the upstream`,
  );
}
