// An issuer of our own: real keys, and tokens signed by hand, so that hostile ones can be made too.
import { type KeyObject, constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { Issuer } from '../../src/identity/schema.ts';
import { issuerSchema } from '../../src/identity/schema.ts';

export const NOW_MS = Date.UTC(2026, 0, 31, 12);
export const NOW = NOW_MS / 1_000;

/** A clock that tests move by hand. */
export class HandClock {
  ms = NOW_MS;
  now(): number {
    return this.ms;
  }
}

export interface KeyPair {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public key as an issuer publishes it. */
  readonly jwk: Record<string, unknown>;
}

function pair(kid: string, keys: { privateKey: KeyObject; publicKey: KeyObject }): KeyPair {
  return { kid, ...keys, jwk: { ...keys.publicKey.export({ format: 'jwk' }), kid } };
}

export const rsaPair = (kid: string, bits = 2048): KeyPair =>
  pair(kid, generateKeyPairSync('rsa', { modulusLength: bits }));
export const ecPair = (kid: string, curve = 'P-256'): KeyPair =>
  pair(kid, generateKeyPairSync('ec', { namedCurve: curve }));
export const edPair = (kid: string): KeyPair => pair(kid, generateKeyPairSync('ed25519'));

const base64url = (value: string | Buffer): string => Buffer.from(value).toString('base64url');

/** Signs the first two parts of a token with an algorithm of RFC 7518 or RFC 8037, or `none`. */
export function signature(data: string, algorithm: string, key: KeyObject | string): Buffer {
  const bytes = Buffer.from(data);
  const digest = `sha${algorithm.slice(2)}`;
  if (algorithm === 'none') return Buffer.alloc(0);
  if (typeof key === 'string' || algorithm.startsWith('HS')) return createHmac(digest, key).update(bytes).digest();
  if (algorithm === 'EdDSA') return sign(null, bytes, key);
  if (algorithm.startsWith('ES')) return sign(digest, bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (algorithm.startsWith('RS')) return sign(digest, bytes, key);
  return sign(digest, bytes, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/** A compact token. Header and payload may be given as text or bytes, to say what JSON.stringify cannot. */
export function compact(
  header: Record<string, unknown> | string,
  payload: unknown,
  by: { readonly algorithm: string; readonly key: KeyObject | string },
): string {
  const head = base64url(typeof header === 'string' ? header : JSON.stringify(header));
  const body = base64url(typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload));
  return `${head}.${body}.${base64url(signature(`${head}.${body}`, by.algorithm, by.key))}`;
}

export const ISSUER = 'https://idp.test';

export const goodClaims = {
  iss: ISSUER,
  aud: 'gw',
  sub: 'alice',
  iat: NOW - 10,
  exp: NOW + 300,
};

/** A token as the issuer would write it, but for what is changed. A claim set to undefined is left out. */
export function token(
  by: KeyPair,
  { algorithm = 'ES256', header = {}, claims = {} }: { algorithm?: string; header?: object; claims?: object } = {},
): string {
  return compact(
    { alg: algorithm, kid: by.kid, typ: 'at+jwt', ...header },
    { ...goodClaims, ...claims },
    { algorithm, key: by.privateKey },
  );
}

/** The settings of the issuer, with the defaults of the config. */
export function issuer(jwks: Issuer['jwks'], settings: object = {}): Issuer {
  const placeholder = { url: 'https://idp.test/jwks' };
  const parsed = issuerSchema.parse({
    issuer: ISSUER,
    audience: 'gw',
    algorithms: ['ES256'],
    jwks: placeholder,
    ...settings,
  });
  return { ...parsed, jwks };
}
