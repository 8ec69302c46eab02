// INVARIANT: whatever a token holds, it is believed or refused with `identity.*`; nothing else is thrown on its account.
import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { type Claims, principalOf } from './claims.ts';
import type { PublicKey } from './jwk.ts';
import type { KeySet } from './jwks.ts';
import { expiredToken, invalidToken } from './refusals.ts';
import type { Issuer } from './schema.ts';
import { readToken } from './token-parts.ts';

/** What of an issuer makes its tokens good. */
type Trust = Pick<
  Issuer,
  'issuer' | 'audience' | 'algorithms' | 'clockToleranceSeconds' | 'maxLifetimeSeconds' | 'maxTokenBytes'
>;

/** An issuer and its keys. */
export interface KeyedIssuer<T extends Trust = Issuer> {
  readonly config: T;
  readonly keys: KeySet;
  /** For the gateway's own tokens, which are `at+jwt` and nothing else: whom their claims speak of. */
  readonly own?: (claims: Claims) => Principal;
}

/** Claims that were believed, and the settings of who vouched for them. */
export interface Believed<T extends Trust> {
  readonly claims: JWTPayload;
  readonly config: T;
  readonly own: KeyedIssuer['own'];
  /** Milliseconds since the epoch; from then on the token must be refused. */
  readonly validUntilMs: number;
}

/** A token that was believed. */
export interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the epoch; from then on the token must be refused. */
  readonly validUntilMs: number;
}

/** Throws `identity.invalid`, `identity.expired` and `identity.unavailable`. */
export type Verify = (token: string) => Promise<Verified>;

/** The year 9999: what lies beyond is no time. */
const TIME_MAX = 253_402_300_799;

/** Verifies signed tokens of the given issuers, each with its own keys, algorithms, audience and mapping. */
export function tokenVerifier(issuers: readonly KeyedIssuer[], clock: Clock): Verify {
  const believe = claimsVerifier(issuers, clock);
  return async function verify(token) {
    const { claims, config, own, validUntilMs } = await believe(token);
    return { principal: own ? own(claims) : principalOf(claims, config), validUntilMs };
  };
}

/** The same, for whoever reads the claims in another way. */
export function claimsVerifier<T extends Trust>(
  issuers: readonly KeyedIssuer<T>[],
  clock: Clock,
): (token: string) => Promise<Believed<T>> {
  const byName = new Map<unknown, KeyedIssuer<T>>(issuers.map((issuer) => [issuer.config.issuer, issuer]));
  return async function verify(token) {
    const { kid, algorithm, type, claims } = readToken(token);
    const issuer = byName.get(claims['iss']);
    if (!issuer) throw invalidToken('its issuer (`iss`) is not one that this gateway trusts');
    const { config, own } = issuer;
    if (own && type !== 'at+jwt') throw invalidToken('the `typ` in its header is not `at+jwt`');
    if (token.length > config.maxTokenBytes) throw invalidToken(`it is longer than ${config.maxTokenBytes} bytes`);
    if (!(config.algorithms as readonly string[]).includes(algorithm)) {
      throw invalidToken('it is signed with an algorithm that its issuer may not use here');
    }
    const key = await issuer.keys.find(kid, algorithm);
    if (!key) throw invalidToken('its issuer has no key of that name (`kid`) for that algorithm');
    const believed = await believe(token, { config, algorithm, key, nowMs: clock.now() });
    return {
      claims: believed,
      config,
      own,
      validUntilMs: (Number(believed.exp) + config.clockToleranceSeconds) * 1_000,
    };
  };
}

interface Belief {
  readonly config: Trust;
  readonly algorithm: string;
  readonly key: PublicKey;
  readonly nowMs: number;
}

async function believe(token: string, { config, algorithm, key, nowMs }: Belief): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [algorithm],
      issuer: config.issuer,
      audience: [...config.audience],
      requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub'],
      clockTolerance: config.clockToleranceSeconds,
      currentDate: new Date(nowMs),
    });
    checkTimes(payload, config, nowMs);
    return payload;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** What jose leaves open: times that are no times, a token from the future, and one that would outlive all patience. */
function checkTimes({ exp, iat }: JWTPayload, config: Trust, nowMs: number): void {
  const expires = Number(exp);
  const issued = Number(iat);
  if (!(expires <= TIME_MAX)) throw invalidToken('its `exp` is not a time');
  if (!(issued >= 0) || issued > nowMs / 1_000 + config.clockToleranceSeconds) {
    throw invalidToken('its `iat` lies in the future or is not a time');
  }
  if (expires - issued > config.maxLifetimeSeconds) {
    throw invalidToken(
      `it is valid for longer than the ${config.maxLifetimeSeconds} seconds that its issuer may give (\`maxLifetimeSeconds\`)`,
    );
  }
}

/** Which public reason stands for each claim that jose refused. */
const BY_CLAIM: ReadonlyMap<string, string> = new Map([
  ['aud', 'it is meant for another audience (`aud`)'],
  ['nbf', 'it is not valid yet, or its `nbf` is not a time'],
]);

// jose's errors about claims hold all claims, so only their text becomes the cause, which is logged.
function refusalOf(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof errors.JWTExpired) return expiredToken(error.message);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reason = error.reason === 'missing' ? `it lacks the claim \`${error.claim}\`` : BY_CLAIM.get(error.claim);
    return invalidToken(reason ?? `its claim \`${error.claim}\` is malformed`, error.message);
  }
  return invalidToken('its signature does not match', error);
}
