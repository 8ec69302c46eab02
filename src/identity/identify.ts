// Stage 2: who is calling. A request's credential → its Principal.
// INVARIANT: nobody is anonymous: a principal comes from a verified token or a known key, or the call ends here.
// INVARIANT: expiry and revocation are checked on every use, and what a credential says of itself is believed only once it
// is verified.
import type { Clock } from '../core/clock.ts';
import type { Incoming } from '../core/exchange.ts';
import type { Principal } from '../core/principal.ts';
import { KEY_PREFIX, keyRing } from './api-keys.ts';
import { credentialOf } from './credential.ts';
import { invalidProof, isProofScheme } from './dpop.ts';
import { fixedKeySet, type KeySet } from './jwks.ts';
import { type OwnCredentials, possession } from './own-credentials.ts';
import { OWN_TOKEN_BYTES, ownIssuer } from './own-issuer.ts';
import { invalidToken } from './refusals.ts';
import { RUN_KEY_PREFIX } from './run-key.ts';
import type { Issuer, KeyEntry } from './schema.ts';
import { tokenCache } from './token-cache.ts';
import { tokenVerifier } from './verify.ts';

export interface IdentitySource {
  readonly issuers: readonly Issuer[];
  readonly keys: readonly KeyEntry[];
  readonly clock: Clock;
  /** Key sets by address, from `remoteKeySets`. */
  readonly remoteKeys: (url: string, staleMs?: number) => KeySet;
  /** Tokens and run keys that the gateway makes itself; none unless delegation is configured. */
  readonly own?: OwnCredentials | undefined;
}

/** Throws or rejects with `identity.*`. Answers at once, without a promise, for a credential that it has seen. */
export type Identify = (request: Pick<Incoming, 'headers' | 'method' | 'path'>) => Principal | Promise<Principal>;

/** Whom a credential stands for, whoever shows it: a proof of possession is the caller's to check. Throws as `Identify`. */
export type Authenticate = (credential: string) => Principal | Promise<Principal>;

/** The identities of one configuration. A new one knows no verified token of the one before. */
export function identifier(source: IdentitySource, authenticate: Authenticate = authenticator(source)): Identify {
  const possessed = source.own && possession(source.own);
  return function identify(request) {
    const credential = credentialOf(request.headers);
    const found = authenticate(credential);
    if (possessed) {
      if (found instanceof Promise) return found.then((principal) => possessed(principal, request, credential));
      return possessed(found, request, credential);
    }
    if (isProofScheme(request.headers)) throw invalidProof('no token here is bound to a key; send it as `Bearer`');
    return found;
  };
}

/** What `identifier` does but for the request: the token exchange is shown credentials in its form. */
export function authenticator({ issuers, keys, clock, remoteKeys, own }: IdentitySource): Authenticate {
  const keySetOf = ({ jwks }: Issuer): KeySet =>
    'url' in jwks ? remoteKeys(jwks.url, jwks.staleMs) : fixedKeySet(jwks.keys);
  const trusted = issuers.map((config) => ({ config, keys: keySetOf(config) }));
  // The last of a name counts: nobody else is believed under the gateway's own.
  const verify = tokenVerifier(own ? [...trusted, ownIssuer(own.terms, own.keys)] : trusted, clock);
  const principalFor = tokenCache(verify, clock);
  const findKey = keyRing(keys);
  const tokenBytesMax = Math.max(OWN_TOKEN_BYTES, ...issuers.map((issuer) => issuer.maxTokenBytes));

  function unrevoked(principal: Principal): Principal {
    if (principal.delegation) own?.revocations.assertLive(principal.delegation.tokenId);
    return principal;
  }

  return function authenticate(credential) {
    if (credential.startsWith(KEY_PREFIX)) return findKey(credential, clock.now());
    if (credential.length > tokenBytesMax) throw invalidToken(`it is longer than ${tokenBytesMax} bytes`);
    const found = own && credential.startsWith(RUN_KEY_PREFIX) ? own.findRunKey(credential) : principalFor(credential);
    return found instanceof Promise ? found.then(unrevoked) : unrevoked(found);
  };
}
