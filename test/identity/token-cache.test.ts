import { beforeEach, describe, expect, test } from 'vitest';
import { fixedKeySet } from '../../src/identity/jwks.ts';
import { tokenCache } from '../../src/identity/token-cache.ts';
import { tokenVerifier, type Verify } from '../../src/identity/verify.ts';
import { compact, ecPair, goodClaims, HandClock, issuer, NOW, token } from './issuer.ts';

const key = ecPair('k1');
const good = token(key);

let clock: HandClock;
let verifications: number;
let withdrawn: boolean;
let principalFor: ReturnType<typeof tokenCache>;

beforeEach(() => {
  clock = new HandClock();
  verifications = 0;
  withdrawn = false;
  const keys = fixedKeySet([key.jwk]);
  const find: typeof keys.find = (kid, algorithm) =>
    withdrawn ? Promise.resolve(undefined) : keys.find(kid, algorithm);
  const verify = tokenVerifier([{ config: issuer({ keys: [] }), keys: { find } }], clock);
  const counted: Verify = (text) => {
    verifications += 1;
    return verify(text);
  };
  principalFor = tokenCache(counted, clock);
});

describe('a token seen before', () => {
  test('is answered at once, with the very same principal', async () => {
    const first = await principalFor(good);
    expect(principalFor(good)).toBe(first);
    expect(verifications).toBe(1);
  });

  test('is verified once for all who show it at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, async () => principalFor(good)));
    expect(new Set(all).size).toBe(1);
    expect(verifications).toBe(1);
  });

  test('is refused from the moment of its expiry on', async () => {
    const short = token(key, { claims: { exp: NOW + 60 } });
    await principalFor(short);
    clock.ms = (NOW + 65) * 1_000 - 1;
    expect(principalFor(short)).not.toBeInstanceOf(Promise);
    clock.ms += 1;
    await expect(principalFor(short)).rejects.toThrow(expect.objectContaining({ code: 'identity.expired' }));
  });

  test('is verified anew after five minutes, and keeps its principal', async () => {
    const long = token(key, { claims: { exp: NOW + 3_600 } });
    const first = await principalFor(long);
    clock.ms += 300_000 - 1;
    expect(principalFor(long)).toBe(first);
    clock.ms += 1;
    const again = principalFor(long);
    expect(again).toBeInstanceOf(Promise);
    await expect(again).resolves.toBe(first);
    expect(verifications).toBe(2);
    expect(principalFor(long)).toBe(first);
  });

  test('stops counting when its issuer has withdrawn the key', async () => {
    const long = token(key, { claims: { exp: NOW + 3_600 } });
    await principalFor(long);
    withdrawn = true;
    clock.ms += 300_000;
    await expect(principalFor(long)).rejects.toThrow(expect.objectContaining({ code: 'identity.invalid' }));
  });
});

describe('tokens', () => {
  test('that differ only in their last characters are never taken for each other', async () => {
    const { sub: _, ...claims } = goodClaims;
    const tokenOf = (sub: string): string =>
      compact(
        { alg: 'ES256', kid: 'k1' },
        { ...claims, pad: 'x'.repeat(400), sub },
        { algorithm: 'ES256', key: key.privateKey },
      );
    const alice = tokenOf('alice');
    const bob = tokenOf('bob');
    expect(alice.slice(0, 200)).toBe(bob.slice(0, 200));
    await principalFor(alice);
    await expect(principalFor(bob)).resolves.toMatchObject({ subject: 'bob' });
  });

  test('that were refused are looked at again, not remembered', async () => {
    const early = token(key, { claims: { nbf: NOW + 60 } });
    await expect(principalFor(early)).rejects.toThrow(expect.objectContaining({ code: 'identity.invalid' }));
    clock.ms += 60_000;
    await expect(principalFor(early)).resolves.toMatchObject({ subject: 'alice' });
  });
});
