import { createPublicKey, type KeyObject } from 'node:crypto';

export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
/** Signatures that an issuer may use (RFC 7518 §3.1, RFC 8037 §3.1). `none` and shared secrets have no name here. */
export type Algorithm = (typeof ALGORITHMS)[number];

/** A public key, imported once. */
export interface PublicKey {
  readonly kid: string;
  /** What it may be used with: by its type and curve, and by its own `alg` where it has one. */
  readonly algorithms: readonly string[];
  readonly key: KeyObject;
}

const RSA_BITS_MIN = 2048;
const RSA_ALGORITHMS = ALGORITHMS.filter((name) => name.startsWith('RS') || name.startsWith('PS'));
const BY_CURVE: ReadonlyMap<unknown, readonly Algorithm[]> = new Map([
  ['P-256', ['ES256']],
  ['P-384', ['ES384']],
  ['P-521', ['ES512']],
  ['Ed25519', ['EdDSA']],
]);

/** A JSON Web Key (RFC 7517 §4) as a key to verify with, or what is wrong with it. Values of the key are never repeated. */
export function readJwk(jwk: Readonly<Record<string, unknown>>): PublicKey | string {
  const { kid, alg, use, key_ops: operations, kty, crv } = jwk;
  if (typeof kid !== 'string' || kid === '') return 'expected a `kid`: tokens name the key that signed them';
  if ('d' in jwk || 'k' in jwk)
    return 'expected a public key; this one holds its secret part, which belongs to the issuer alone';
  if (use !== undefined && use !== 'sig') return 'expected a key to verify with (`use: sig`)';
  if (Array.isArray(operations) && !operations.includes('verify'))
    return 'expected a key to verify with (`key_ops: [verify]`)';
  const suited = kty === 'RSA' ? RSA_ALGORITHMS : BY_CURVE.get(crv);
  if (!suited) return 'expected an RSA key or one on the curve P-256, P-384, P-521 or Ed25519';
  const algorithms = suited.filter((name) => alg === undefined || alg === name);
  if (algorithms.length === 0) return `expected an \`alg\` that suits the key: ${suited.join(', ')}`;
  const key = importKey(jwk);
  if (!key) return 'expected the members of a public key (RFC 7518 §6), e.g. `n` and `e`, or `x` and `y`';
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_BITS_MIN)
    return `expected an RSA key of at least ${RSA_BITS_MIN} bits, got ${bits}`;
  return { kid, algorithms, key };
}

function importKey(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** The key of that name which may be used with that algorithm. */
export function pickKey(keys: readonly PublicKey[], kid: string, algorithm: string): PublicKey | undefined {
  return keys.find((key) => key.kid === kid && key.algorithms.includes(algorithm));
}
