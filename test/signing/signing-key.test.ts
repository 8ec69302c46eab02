import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { makeSigningKey, readSigningKey, type SigningKey, verifyingKey } from '../../src/signing/signing-key.ts';

async function read(text: string): Promise<SigningKey> {
  const key = await readSigningKey(text);
  if (typeof key === 'string') throw new Error(key);
  return key;
}

describe('a signing key of the operator', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  test.each([
    ['PKCS #8', ec.export({ type: 'pkcs8', format: 'pem' }).toString(), 'ES256'],
    ['SEC 1', ec.export({ type: 'sec1', format: 'pem' }).toString(), 'ES256'],
    ['a JWK', JSON.stringify(ec.export({ format: 'jwk' })), 'ES256'],
    ['Ed25519 in PEM', ed.export({ type: 'pkcs8', format: 'pem' }).toString(), 'EdDSA'],
  ])('may be %s', async (_, text, algorithm) => {
    const key = await read(`${text}\n`);
    expect(key.algorithm).toBe(algorithm);
    expect(key.kid).toBe(await calculateJwkThumbprint(key.publicKey.export({ format: 'jwk' })));
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  test.each([
    ['nothing', '', 'expected a private key'],
    ['a public key', JSON.stringify({ ...ec.export({ format: 'jwk' }), d: undefined }), 'expected a private key'],
    ['broken JSON', '{"kty"', 'expected a private key'],
    ['RSA', rsa.export({ type: 'pkcs8', format: 'pem' }).toString(), 'P-256'],
    ['another curve', p384.export({ type: 'pkcs8', format: 'pem' }).toString(), 'P-256'],
  ])('is refused where it is %s, and nothing of it is repeated', async (_, text, words) => {
    const told = await readSigningKey(text);
    expect(told).toContain(words);
  });
});

describe('a key as others see it', () => {
  test.each(['ES256', 'EdDSA'] as const)('has no private part: %s', async (algorithm) => {
    const key = await makeSigningKey(algorithm);
    expect(key.jwk).toMatchObject({ kid: key.kid, alg: algorithm, use: 'sig' });
    expect(key.jwk).not.toHaveProperty('d');
    expect(verifyingKey(key)).toMatchObject({ kid: key.kid, algorithms: [algorithm], key: { type: 'public' } });
  });
});
