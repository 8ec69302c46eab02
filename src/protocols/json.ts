// Bodies as two readers could never read them differently: strict UTF-8, no byte order mark, no key twice, bounded depth.
import { GatewayError } from '../core/errors.ts';
import { countMembers, measure } from './json-measure.ts';
import { readValid } from './json-valid.ts';

/** Levels of objects and arrays; more than any dialect uses and less than hurts a reader that recurses. */
const DEPTH_MAX = 64;
/** Objects and arrays in one body. Empty ones take ten times their bytes in memory. */
const CONTAINERS_MAX = 1_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value of a JSON body. Throws `request.invalid` where it is not JSON or where parsers may differ on what it says. */
export function readJson(body: Buffer): unknown {
  const text = decode(body);
  const { members, depth, containers, escapedKey } = measure(text, DEPTH_MAX);
  if (depth > DEPTH_MAX) throw invalid(`is nested deeper than ${DEPTH_MAX} levels`);
  if (containers > CONTAINERS_MAX) throw invalid(`has more than ${CONTAINERS_MAX} objects and arrays`);
  const parsed = parse(text);
  const value = escapedKey ? readValid(text) : parsed;
  // JSON.parse keeps the last of equal keys (after unescaping), so a text with one has more members than its value.
  if (countMembers(value) !== members) throw invalid('has an object in which a key occurs twice');
  return value;
}

/** Text of valid UTF-8. Throws `request.invalid`; `what` says which text it is. */
export function utf8Text(bytes: Buffer, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new GatewayError('request.invalid', `${what} is not valid UTF-8`, { cause });
  }
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw invalid('is not valid UTF-8; expected uncompressed JSON', cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's own error quotes what it could not read, and causes are logged.
    throw invalid('is not valid JSON');
  }
}

function invalid(what: string, cause?: unknown): GatewayError {
  return new GatewayError('request.invalid', `the body ${what}`, { cause });
}
