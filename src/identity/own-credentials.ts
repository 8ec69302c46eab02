import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import type { Prove } from './dpop.ts';
import { invalidProof, isProofScheme } from './dpop.ts';
import type { Incoming } from '../core/exchange.ts';
import type { GrantStore } from './grant-store.ts';
import type { KeySet } from './jwks.ts';
import { type OwnTerms, ownIssuer } from './own-issuer.ts';
import type { Revocations } from './revocations.ts';
import { placeOf, RUN_KEY_PREFIX } from './run-key.ts';
import { type FindRunKey, lookUp } from './run-keys.ts';
import { tokenVerifier } from './verify.ts';

/** What the gateway needs to know its own tokens and run keys again. All but `terms` outlives a reload. */
export interface OwnCredentials {
  readonly terms: OwnTerms;
  readonly keys: KeySet;
  readonly findRunKey: FindRunKey;
  readonly revocations: Revocations;
  readonly prove: Prove;
}

type Request = Pick<Incoming, 'headers' | 'method' | 'path'>;

/**
 * Whether a request may use what it was identified by: a token that is bound to a key comes with a proof of it, and as
 * `DPoP` (RFC 9449 §7.1), any other as `Bearer` or in the header of an SDK.
 */
export function possession(
  own: OwnCredentials,
): (principal: Principal, request: Request, token: string) => Principal | Promise<Principal> {
  async function proven(principal: Principal, { headers, method, path }: Request, token: string): Promise<Principal> {
    if (!isProofScheme(headers)) throw unproven('send it as `Authorization: DPoP TOKEN`');
    const proofKey = await own.prove({ headers, method, path, token });
    if (proofKey === undefined) throw unproven('send a proof in the header `DPoP`');
    if (proofKey !== principal.delegation?.proofKey)
      throw invalidProof('it was made with another key than the token is bound to');
    return principal;
  }
  return function possessed(principal, request, token) {
    if (principal.delegation?.proofKey !== undefined) return proven(principal, request, token);
    if (isProofScheme(request.headers))
      throw invalidProof('the token is bound to no key; send it as `Authorization: Bearer TOKEN`');
    return principal;
  };
}

/** Reads a token or run key of the gateway though it may have been revoked; undefined for what is none, or has expired. */
export type ReadOwn = (token: string) => Promise<Principal | undefined>;

export function ownReader({
  terms,
  keys,
  store,
  clock,
}: Pick<OwnCredentials, 'terms' | 'keys'> & {
  readonly store: Pick<GrantStore, 'get'>;
  readonly clock: Clock;
}): ReadOwn {
  const verify = tokenVerifier([ownIssuer(terms, keys)], clock);
  return async function read(token) {
    if (token.startsWith(RUN_KEY_PREFIX)) {
      const place = placeOf(token);
      return place && lookUp(store, place);
    }
    try {
      return (await verify(token)).principal;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'identity.unavailable') throw error;
      return undefined;
    }
  };
}

function unproven(what: string): Error {
  return invalidProof(`the token is bound to a key; ${what}`);
}
