import { GatewayError } from '../core/errors.ts';
import type { Headers } from '../core/exchange.ts';
import { CREDENTIAL_HEADERS } from '../core/headers.ts';

/** Bound tokens come as `DPoP` (RFC 9449 §7.1); whether that fits is seen once the token is known. */
const BEARER = /^(?:bearer|dpop) ([^\s]+)$/i;

/**
 * The one credential of a request, from wherever SDKs put theirs. Throws `identity.missing` where there is none, and
 * `identity.invalid` where two headers disagree or `authorization` is not `Bearer` and one token.
 */
export function credentialOf(headers: Headers): string {
  let found: string | undefined;
  for (const name of CREDENTIAL_HEADERS) {
    const value = headers[name];
    if (value === undefined || value === '') continue;
    const credential = name === 'authorization' ? bearerToken(value) : value;
    if (typeof credential !== 'string' || (found !== undefined && found !== credential)) {
      throw new GatewayError(
        'identity.invalid',
        'the request carries two different credentials; send one token in one header, or the same one in all',
      );
    }
    found = credential;
  }
  if (found !== undefined) return found;
  throw new GatewayError(
    'identity.missing',
    'the request carries no credential; send your token as `Authorization: Bearer TOKEN`, `x-api-key`, `x-goog-api-key` or `api-key`',
  );
}

export function bearerToken(value: string | readonly string[]): string | readonly string[] {
  if (typeof value !== 'string') return value;
  const token = BEARER.exec(value)?.[1];
  if (token !== undefined) return token;
  throw new GatewayError(
    'identity.invalid',
    'the header `authorization` is not in the form `Bearer TOKEN`, with one space and no other scheme',
  );
}
