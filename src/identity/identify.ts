// Stage 2: who is calling. A request's credential → its Principal.
// INVARIANT: nobody is anonymous: a principal comes from a verified token or a known key, or the call ends here.
// INVARIANT: expiry is checked on every use, and what a credential says of itself is believed only once it is verified.
import type { Clock } from '../core/clock.ts';
import type { Incoming } from '../core/exchange.ts';
import type { Principal } from '../core/principal.ts';
import { KEY_PREFIX, keyRing } from './api-keys.ts';
import { credentialOf } from './credential.ts';
import { fixedKeySet, type KeySet } from './jwks.ts';
import { invalidToken } from './refusals.ts';
import type { Issuer, KeyEntry } from './schema.ts';
import { tokenCache } from './token-cache.ts';
import { tokenVerifier } from './verify.ts';

export interface IdentitySource {
  readonly issuers: readonly Issuer[];
  readonly keys: readonly KeyEntry[];
  readonly clock: Clock;
  /** Key sets by address, from `remoteKeySets`. */
  readonly remoteKeys: (url: string, staleMs?: number) => KeySet;
}

/** Throws or rejects with `identity.*`. Answers at once, without a promise, for a credential that it has seen. */
export type Identify = (request: Pick<Incoming, 'headers'>) => Principal | Promise<Principal>;

/** No credential longer than this is looked at, unless an issuer may write longer ones. */
const TOKEN_BYTES = 8_192;

/** The identities of one configuration. A new one knows no verified token of the one before. */
export function identifier({ issuers, keys, clock, remoteKeys }: IdentitySource): Identify {
  const keySetOf = ({ jwks }: Issuer): KeySet =>
    'url' in jwks ? remoteKeys(jwks.url, jwks.staleMs) : fixedKeySet(jwks.keys);
  const verify = tokenVerifier(
    issuers.map((config) => ({ config, keys: keySetOf(config) })),
    clock,
  );
  const principalFor = tokenCache(verify, clock);
  const findKey = keyRing(keys);
  const tokenBytesMax = Math.max(TOKEN_BYTES, ...issuers.map((issuer) => issuer.maxTokenBytes));

  return function identify({ headers }) {
    const credential = credentialOf(headers);
    if (credential.startsWith(KEY_PREFIX)) return findKey(credential, clock.now());
    if (credential.length > tokenBytesMax) throw invalidToken(`it is longer than ${tokenBytesMax} bytes`);
    return principalFor(credential);
  };
}
