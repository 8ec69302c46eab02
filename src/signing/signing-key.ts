// A private key to sign with, and its public half as others may have it.
// INVARIANT: nothing of a private key is repeated in what is said of it.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

export type SigningAlgorithm = 'ES256' | 'EdDSA';

/** A public key as a set of keys lists it (RFC 7517 §4). */
export type PublicJwk = Readonly<Record<string, unknown>>;

export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: PublicJwk;
}

/** The public half, to verify with. */
export interface VerifyingKey {
  readonly kid: string;
  readonly algorithms: readonly string[];
  readonly key: KeyObject;
}

export function makeSigningKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const pair =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return signingKey(pair.privateKey, algorithm);
}

/** A private key in PEM (PKCS #8 or SEC 1) or as a JWK, or what is wrong with it. */
export async function readSigningKey(text: string): Promise<SigningKey | string> {
  const privateKey = importKey(text.trim());
  if (!privateKey) return 'expected a private key in PEM, or as a JWK with its `d`';
  const algorithm = algorithmOf(privateKey);
  return algorithm ? signingKey(privateKey, algorithm) : 'expected a key on the curve P-256 (ES256) or Ed25519 (EdDSA)';
}

export function verifyingKey({ kid, algorithm, publicKey }: SigningKey): VerifyingKey {
  return { kid, algorithms: [algorithm], key: publicKey };
}

async function signingKey(privateKey: KeyObject, algorithm: SigningAlgorithm): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey);
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, algorithm, privateKey, publicKey, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}

function importKey(text: string): KeyObject | undefined {
  try {
    if (!text.startsWith('{')) return createPrivateKey(text);
    return createPrivateKey({ key: JSON.parse(text) as JWK, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}
