import { hash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { isProofScheme, prover, type Prove } from '../../src/identity/dpop.ts';
import { proofMemory } from '../../src/identity/proof-memory.ts';
import { GATEWAY, proof } from './authority.ts';
import { compact, ecPair, edPair, HandClock, NOW } from './issuer.ts';

const key = ecPair('k');
const ASKED = { method: 'POST', path: '/oauth/token' };
let clock: HandClock;
let prove: Prove;
beforeEach(() => {
  clock = new HandClock();
  prove = prover({ issuer: GATEWAY, clock, isFirst: proofMemory(clock, { windowMs: 70_000 }) });
});

describe('a proof of possession', () => {
  test('names the key that made it', async () => {
    const first = await prove({ ...ASKED, headers: { dpop: proof(key) } });
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await prove({ ...ASKED, headers: { dpop: proof(key) } })).toBe(first);
    expect(await prove({ ...ASKED, headers: { dpop: proof(ecPair('other')) } })).not.toBe(first);
    expect(await prove({ ...ASKED, headers: {} })).toBeUndefined();
  });

  test('may be made with Ed25519', async () => {
    const ed = edPair('ed');
    const { kid: _, ...jwk } = ed.jwk;
    const text = compact(
      { typ: 'dpop+jwt', alg: 'EdDSA', jwk },
      { htm: 'POST', htu: `${GATEWAY}/oauth/token`, iat: NOW, jti: 'a' },
      { algorithm: 'EdDSA', key: ed.privateKey },
    );
    expect(await prove({ ...ASKED, headers: { dpop: text } })).toBeDefined();
  });

  test.each([
    ['HTTPS://GW.test/oauth/token', true],
    ['https://gw.test:443/oauth/token', true],
    ['https://gw.test/oauth/token?x=1#y', true],
    ['https://gw.test/oauth/%74oken', false],
    ['https://gw.test/oauth/token/', false],
    ['http://gw.test/oauth/token', false],
    ['https://evil.test/oauth/token', false],
    ['/oauth/token', false],
    [7, false],
  ])('for the address %s counts here: %s', async (htu, counts) => {
    const shown = prove({ ...ASKED, headers: { dpop: proof(key, { claims: { htu } }) } });
    if (counts) await expect(shown).resolves.toBeDefined();
    else await expect(shown).rejects.toMatchObject({ code: 'identity.invalid' });
  });

  test('counts for as long as clocks and ways allow, and once', async () => {
    await expect(
      prove({ ...ASKED, headers: { dpop: proof(key, { claims: { iat: NOW - 64 } }) } }),
    ).resolves.toBeDefined();
    await expect(
      prove({ ...ASKED, headers: { dpop: proof(key, { claims: { iat: NOW + 5 } }) } }),
    ).resolves.toBeDefined();
    const once = proof(key, { claims: { iat: NOW + 5 } });
    await prove({ ...ASKED, headers: { dpop: once } });
    for (const gap of [0, 60_000, 9_000]) {
      clock.ms += gap;
      await expect(prove({ ...ASKED, headers: { dpop: once } })).rejects.toThrow('shown before');
    }
    clock.ms += 2_000;
    await expect(prove({ ...ASKED, headers: { dpop: once } })).rejects.toThrow('no older than');
  });

  const stranger = ecPair('stranger');
  const { kid: _, ...strange } = stranger.jwk;
  const secret = { ...key.privateKey.export({ format: 'jwk' }) };
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const plain = { htm: 'POST', htu: `${GATEWAY}/oauth/token`, iat: NOW, jti: 'a' };
  test.each<[string, string | readonly string[]]>([
    ['sent twice', [proof(key), proof(key)]],
    ['that is too long', proof(key, { claims: { x: 'x'.repeat(5_000) } })],
    ['that is no token', 'x'],
    ['of another type', proof(key, { header: { typ: 'JWT' } })],
    ['without a type', proof(key, { header: { typ: undefined } })],
    ['without a key', proof(key, { header: { jwk: undefined } })],
    ['with the key of somebody else', proof(key, { header: { jwk: strange } })],
    ['that holds its private key', proof(key, { header: { jwk: secret } })],
    [
      'with a shared secret for a key',
      compact({ typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, plain, {
        algorithm: 'HS256',
        key: 'AAAA',
      }),
    ],
    [
      'signed with the public key as a secret',
      compact({ typ: 'dpop+jwt', alg: 'HS256', jwk: key.jwk }, plain, { algorithm: 'HS256', key: pem }),
    ],
    [
      'without a signature',
      compact({ typ: 'dpop+jwt', alg: 'none', jwk: key.jwk }, plain, { algorithm: 'none', key: '' }),
    ],
    ['for another method', proof(key, { claims: { htm: 'GET' } })],
    ['without a method', proof(key, { claims: { htm: undefined } })],
    ['that is too old', proof(key, { claims: { iat: NOW - 66 } })],
    ['of the future', proof(key, { claims: { iat: NOW + 6 } })],
    ['without a time', proof(key, { claims: { iat: undefined } })],
    ['without an id', proof(key, { claims: { jti: undefined } })],
    ['with an empty id', proof(key, { claims: { jti: '' } })],
    ['with a long id', proof(key, { claims: { jti: 'x'.repeat(257) } })],
    ['with a critical extension', proof(key, { header: { crit: ['x'], x: 1 } })],
  ])('%s is refused', async (_name, dpop) => {
    const error: unknown = await prove({ ...ASKED, headers: { dpop } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'identity.invalid', message: expect.stringContaining('`DPoP`') });
  });

  test('with a token is for that token alone', async () => {
    const asked = { ...ASKED, token: 'the.token' };
    await expect(prove({ ...asked, headers: { dpop: proof(key, { token: 'the.token' }) } })).resolves.toBeDefined();
    for (const dpop of [
      proof(key),
      proof(key, { token: 'other' }),
      proof(key, { claims: { ath: hash('sha256', 'the.token', 'hex') } }),
    ])
      await expect(prove({ ...asked, headers: { dpop } })).rejects.toThrow('its `ath`');
  });

  test('is refused where there is no room to remember it', async () => {
    const full = prover({ issuer: GATEWAY, clock, isFirst: proofMemory(clock, { windowMs: 70_000, max: 0 }) });
    const shown = full({ ...ASKED, headers: { dpop: proof(key) } });
    await expect(shown).rejects.toThrow('more proofs of possession to remember than it has room for');
  });

  test('is refused where nobody can say whether it was shown before', async () => {
    const blind = prover({ issuer: GATEWAY, clock, isFirst: () => Promise.reject(new Error('gone')) });
    await expect(blind({ ...ASKED, headers: { dpop: proof(key) } })).rejects.toMatchObject({
      code: 'identity.unavailable',
    });
  });
});

test.each([
  ['DPoP abc', true],
  ['dpop abc', true],
  ['Bearer abc', false],
])('%s speaks of a bound token: %s', (authorization, expected) => {
  expect(isProofScheme({ authorization })).toBe(expected);
  expect(isProofScheme({})).toBe(false);
});
