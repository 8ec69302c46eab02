// A token is read strictly before any key touches it: what two readers could read in two ways is no token.
import { invalidToken } from './refusals.ts';

/** A signed token (RFC 7519, compact form), read but not yet believed. */
export interface TokenParts {
  readonly kid: string;
  readonly algorithm: string;
  /** `typ` of its header, in lower case and without `application/`. */
  readonly type: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
}

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
/** Media types of a token's header, without `application/` (RFC 9068 §2.1, RFC 7519 §5.1). */
const TYPES: ReadonlySet<unknown> = new Set([undefined, 'at+jwt', 'jwt']);

/** Reads header and claims. Throws `identity.invalid`. */
export function readToken(token: string): TokenParts {
  const [, head, payload, signature] = COMPACT.exec(token) ?? [];
  if (!isCanonical(head) || !isCanonical(payload) || !isCanonical(signature)) {
    throw invalidToken('it is neither a key of this gateway (`wgk_…`, `wgr_…`) nor a signed JWT in its compact form');
  }
  const header = readObject(head);
  const { alg, kid, typ } = header;
  // RFC 7515 §4.1.11: nothing that a token may mark as critical is understood here, nor is an unencoded payload (RFC 7797).
  if ('crit' in header || 'b64' in header)
    throw invalidToken('its header has `crit` or `b64`, which are not understood here');
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (!TYPES.has(type)) {
    throw invalidToken('the `typ` in its header is neither `at+jwt` nor `JWT`');
  }
  if (typeof alg !== 'string') throw invalidToken('its header names no algorithm (`alg`)');
  if (typeof kid !== 'string') throw invalidToken('its header does not name the key that signed it (`kid`)');
  return { kid, algorithm: alg, type, claims: readObject(payload) };
}

// The unused bits of the last character may be anything to a lenient decoder: the same token in other letters.
function isCanonical(part: string | undefined): part is string {
  return part !== undefined && Buffer.from(part, 'base64url').toString('base64url') === part;
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readObject(part: string): Record<string, unknown> {
  const value = parseJson(Buffer.from(part, 'base64url'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidToken('its header and its claims must each be a JSON object');
  }
  return value as Record<string, unknown>;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(strictText.decode(bytes));
  } catch {
    // The parser's own error repeats what it read.
    throw invalidToken('its header and its claims must each be JSON in UTF-8');
  }
}
