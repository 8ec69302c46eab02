import { describe, expect, test } from 'vitest';
import { pickKey, type PublicKey, readJwk } from '../../src/identity/jwk.ts';
import { ecPair, edPair, rsaPair } from './issuer.ts';

const rsa = rsaPair('r');
const ec = ecPair('e');

function key(jwk: Record<string, unknown>): PublicKey {
  const read = readJwk(jwk);
  if (typeof read === 'string') throw new Error(read);
  return read;
}

describe('a published key', () => {
  test.each([
    ['RSA', rsa.jwk, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
    ['P-256', ec.jwk, ['ES256']],
    ['P-384', ecPair('x', 'P-384').jwk, ['ES384']],
    ['P-521', ecPair('x', 'P-521').jwk, ['ES512']],
    ['Ed25519', edPair('x').jwk, ['EdDSA']],
  ])('of type %s serves the algorithms of that type alone', (_, jwk, algorithms) => {
    expect(key(jwk).algorithms).toEqual(algorithms);
  });

  test('that names its algorithm serves that one alone', () => {
    expect(key({ ...rsa.jwk, alg: 'PS384', use: 'sig', key_ops: ['verify'] }).algorithms).toEqual(['PS384']);
  });

  test.each([
    ['has no name', { ...ec.jwk, kid: undefined }, '`kid`'],
    ['has an empty name', { ...ec.jwk, kid: '' }, '`kid`'],
    ['holds its secret part', ec.privateKey.export({ format: 'jwk' }), 'public key'],
    ['is a shared secret', { kty: 'oct', k: 'c2VjcmV0' }, 'public key'],
    ['is for encryption', { ...rsa.jwk, use: 'enc' }, '`use: sig`'],
    ['is for other operations', { ...rsa.jwk, key_ops: ['encrypt'] }, '`key_ops: [verify]`'],
    ['is on a curve that no algorithm here uses', ecPair('s', 'secp256k1').jwk, 'P-256'],
    ['has a curve from the prototype', { kty: 'EC', crv: 'constructor' }, 'P-256'],
    ['names an algorithm that does not suit it', { ...ec.jwk, alg: 'RS256' }, 'suits the key'],
    ['names a symmetric algorithm', { ...rsa.jwk, alg: 'HS256' }, 'suits the key'],
    ['lacks its numbers', { kty: 'RSA' }, '`n` and `e`'],
    ['has a point that is not on its curve', { ...ec.jwk, y: ec.jwk['x'] }, '`x` and `y`'],
    ['mixes two types', { ...ec.jwk, kty: 'OKP' }, '`x` and `y`'],
    ['is too short', rsaPair('w', 1024).jwk, 'at least 2048 bits, got 1024'],
  ])('that %s is not taken', (_, jwk, reason) => {
    const problem = readJwk({ kid: 'x', ...jwk });
    expect(problem).toEqual(expect.stringContaining(reason));
  });

  test('is picked by name and algorithm together', () => {
    const forPss = key({ ...rsaPair('same').jwk, alg: 'PS256' });
    const keys = [key({ ...rsa.jwk, kid: 'same', alg: 'RS256' }), forPss];
    expect(pickKey(keys, 'same', 'PS256')).toBe(forPss);
    expect(pickKey(keys, 'same', 'ES256')).toBeUndefined();
    expect(pickKey(keys, 'other', 'PS256')).toBeUndefined();
  });
});
