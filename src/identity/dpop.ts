// Proof of possession (RFC 9449): a token that is bound to a key is of use only to who has the key.
import { hash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { header, type Headers, type Incoming } from '../core/exchange.ts';
import type { FirstSeen } from './proof-memory.ts';
import { storeAnswer } from './refusals.ts';

/** How old a proof may be, and how far its clock may run ahead. */
const OLD_SECONDS = 60;
const AHEAD_SECONDS = 5;
/** How long a proof could be shown again. */
export const PROOF_WINDOW_MS = (OLD_SECONDS + 2 * AHEAD_SECONDS) * 1_000;
const PROOF_BYTES = 4_096;
const JTI_MAX = 256;
export const PROOF_ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'];

export interface ProofTerms {
  /** Where clients reach this gateway; never what a request says of its host. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly isFirst: FirstSeen;
}

/** What a proof is for. `token` is the credential that it goes with; none at the token endpoint (§5). */
export interface Proving extends Pick<Incoming, 'method' | 'path' | 'headers'> {
  readonly token?: string;
}

/** Thumbprint of the key that proved the request, undefined where it carries no proof. Throws `identity.invalid`. */
export type Prove = (request: Proving) => Promise<string | undefined>;

export function prover({ issuer, clock, isFirst }: ProofTerms): Prove {
  return async function prove({ headers, method, path, token }) {
    const proof = headers['dpop'];
    if (proof === undefined) return undefined;
    if (typeof proof !== 'string' || proof.length > PROOF_BYTES) throw invalidProof('send one, of at most 4096 bytes');
    const { claims, jwk } = await verified(proof, clock.now());
    const { htm, htu, ath, jti } = claims;
    if (htm !== method) throw invalidProof('its `htm` is not the method of the request');
    if (!isSameAddress(htu, issuer + path))
      throw invalidProof(`its \`htu\` is not \`${issuer}\` and the path of the request`);
    if (token !== undefined && ath !== hash('sha256', token, 'base64url'))
      throw invalidProof('its `ath` is not the hash of the token');
    if (typeof jti !== 'string' || jti === '' || jti.length > JTI_MAX)
      throw invalidProof('it has no `jti` of a fit length');
    const proofKey = await calculateJwkThumbprint(jwk);
    const seen = { proofKey, digest: hash('sha256', jti, 'base64url'), forMs: PROOF_WINDOW_MS };
    if (!(await storeAnswer(async () => isFirst(seen))))
      throw invalidProof('it was shown before; make a new one for every request');
    return proofKey;
  };
}

interface Verified {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly jwk: JWK;
}

async function verified(proof: string, nowMs: number): Promise<Verified> {
  try {
    const { jwk } = decodeProtectedHeader(proof);
    if (!jwk || 'd' in jwk || 'k' in jwk) throw new Error('its `jwk` is not a public key');
    const { payload } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...PROOF_ALGORITHMS],
      maxTokenAge: OLD_SECONDS,
      clockTolerance: AHEAD_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ['iat', 'jti', 'htm', 'htu'],
    });
    return { claims: payload, jwk };
  } catch (cause) {
    throw invalidProof(
      `it must be a JWT of type \`dpop+jwt\`, signed by the public key in its \`jwk\`, no older than ${OLD_SECONDS} s`,
      cause,
    );
  }
}

/** RFC 9449 §4.3: without query and fragment, otherwise as one address has several spellings (RFC 3986 §6.2). */
function isSameAddress(said: unknown, wanted: string): boolean {
  const url = typeof said === 'string' ? URL.parse(said) : null;
  if (!url) return false;
  url.search = '';
  url.hash = '';
  return url.href === URL.parse(wanted)?.href;
}

/** Whether `authorization` speaks of a bound token (RFC 9449 §7.1). */
export function isProofScheme(headers: Headers): boolean {
  return /^dpop /i.test(header(headers, 'authorization') ?? '');
}

/** `identity.invalid`, of a proof. Nothing of it is repeated. */
export function invalidProof(reason: string, cause?: unknown): GatewayError {
  const text = cause instanceof Error ? cause.message : cause;
  return new GatewayError('identity.invalid', `the proof in the header \`DPoP\` was not accepted: ${reason}`, {
    cause: text,
  });
}
