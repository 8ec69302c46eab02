// Members of a request's body that a dialect acts on, read so that no other reader can find different ones.
import { GatewayError } from '../core/errors.ts';
import { header, type RequestHead } from '../core/exchange.ts';
import { readJson } from './json.ts';

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

const NAME_MAX = 256;
const COUNT_MAX = 100_000_000;
/** Keys like these fold to themselves. */
const PLAIN_KEY = /^[a-z0-9_]+$/;
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A refusal of the request itself. */
export function invalid(message: string): GatewayError {
  return new GatewayError('request.invalid', message);
}

/** The object in a JSON body. Throws `request.invalid`. */
export function readFields(request: RequestHead, body: Buffer): Fields {
  checkMediaType(request);
  const value = readJson(body);
  if (!isFields(value)) throw invalid('expected the body to be a JSON object');
  return value;
}

// Another charset or encoding would make the upstream read other characters than were checked.
function checkMediaType(request: RequestHead): void {
  const type = header(request.headers, 'content-type');
  if (type !== 'application/json' && !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type ?? '')) {
    throw invalid(`expected \`content-type: application/json\` in UTF-8, got \`${(type ?? 'none').slice(0, 100)}\``);
  }
  const encoding = header(request.headers, 'content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    throw invalid(`expected a body without \`content-encoding\`, got \`${encoding.slice(0, 100)}\``);
  }
}

/** Keys that a dialect or a policy acts on: as a lenient reader folds them → as they are written. */
export type KnownKeys = ReadonlyMap<string, string>;

/** The known keys that a text lists, with space between them. */
export function knownKeys(names: string): KnownKeys {
  return new Map(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [fold(name), name]),
  );
}

/** Refuses keys that a reader without regard to case, width or invisible characters would take for a known one. */
export function refuseVariants(fields: Fields, known: KnownKeys): void {
  for (const key in fields) {
    const exact = known.get(fold(key));
    if (exact !== undefined && exact !== key) {
      throw invalid(`the key \`${key.slice(0, 100)}\` could be taken for \`${exact}\`; write it exactly so`);
    }
  }
}

function fold(key: string): string {
  if (PLAIN_KEY.test(key)) return key;
  return key
    .normalize('NFKC')
    .replace(/[\p{Cf}\s]/gu, '')
    .toLowerCase();
}

/** A name that reads the same everywhere. `what` says where it stands, e.g. `model`. */
export function readName(value: unknown, what: string, lengthMax = NAME_MAX): string {
  if (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= lengthMax &&
    !CONTROL.test(value) &&
    value.isWellFormed() &&
    value.trim() === value
  ) {
    return value;
  }
  throw invalid(
    `expected \`${what}\` to be a text of 1 to ${lengthMax} characters without control characters or spaces around it`,
  );
}

/** A flag that may be absent or null. */
export function readFlag(fields: Fields, key: string): boolean {
  const value = fields[key] ?? false;
  if (typeof value !== 'boolean') throw invalid(`expected \`${key}\` to be true or false`);
  return value;
}

/** A whole number from 1 that may be absent or null. */
export function readCount(fields: Fields, key: string, max = COUNT_MAX): number | undefined {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalid(`expected \`${key}\` to be a whole number from 1 to ${max}`);
}

/** Whether every text and number in a parsed value of bounded depth reads the same to any parser. */
export function isUnambiguous(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isUnambiguous);
  if (!isFields(value)) return true;
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isUnambiguous(member));
}
