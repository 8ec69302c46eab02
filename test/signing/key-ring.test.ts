import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type KeyRing, ownKeyRing, sharedKeyRing, type SharedKeys } from '../../src/signing/key-ring.ts';
import { jweSealer, unsealed } from '../../src/signing/sealer.ts';
import { makeSigningKey } from '../../src/signing/signing-key.ts';
import { type KeptKey, memorySigningKeys, type SigningKeyStore } from '../../src/signing/store.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
let nowMs: number;
let store: SigningKeyStore;
const ring = (change: Partial<SharedKeys> = {}): KeyRing =>
  sharedKeyRing({
    store,
    sealer: unsealed,
    algorithm: 'ES256',
    rotation: { rotateMs: 30 * DAY, keepMs: DAY },
    clock: { now: () => nowMs },
    ...change,
  });
const kidOf = (token: string): string => decodeProtectedHeader(token).kid as string;
beforeEach(() => {
  nowMs = START;
  store = memorySigningKeys();
});

describe('keys of the operator', () => {
  test('the first signs, and all verify', async () => {
    const [first, second] = await Promise.all([makeSigningKey('ES256'), makeSigningKey('EdDSA')]);
    const own = ownKeyRing([first, second]);
    await own.refresh();
    const token = await own.sign({ sub: 'alice' });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: first.kid });
    await expect(jwtVerify(token, createLocalJWKSet(own.published() as never))).resolves.toBeDefined();
    expect(await own.find(second.kid, 'EdDSA')).toMatchObject({ kid: second.kid });
    expect(await own.find(second.kid, 'ES256')).toBeUndefined();
    expect(await own.find('other', 'EdDSA')).toBeUndefined();
  });
});

describe('generated keys', () => {
  test.each(['ES256', 'EdDSA'] as const)('sign what the published set verifies: %s', async (algorithm) => {
    const keys = ring({ algorithm });
    await keys.refresh();
    const token = await keys.sign({ sub: 'alice' });
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys.published() as never));
    expect(payload.sub).toBe('alice');
    expect(protectedHeader).toMatchObject({ alg: algorithm, typ: 'at+jwt' });
    expect(JSON.stringify(keys.published())).not.toContain('"d"');
  });

  test('sign nothing before they were read', async () => {
    await expect(ring().sign({})).rejects.toMatchObject({ code: 'identity.unavailable', status: 503 });
  });

  test('rotate, and the one before verifies as long as its tokens live', async () => {
    const keys = ring();
    await keys.refresh();
    const first = kidOf(await keys.sign({}));
    nowMs = START + 30 * DAY;
    await keys.refresh();
    const second = kidOf(await keys.sign({}));
    expect(second).not.toBe(first);
    expect(keys.published().keys).toHaveLength(3);
    expect(await keys.find(first, 'ES256')).toBeDefined();
    nowMs += DAY;
    await keys.refresh();
    expect(keys.published().keys).toHaveLength(2);
    expect(await keys.find(first, 'ES256')).toBeUndefined();
  });

  test('are the same for every replica, and one that sees a new name looks again', async () => {
    const [one, other] = [ring(), ring()];
    await one.refresh();
    await other.refresh();
    expect(other.published()).toEqual(one.published());
    nowMs += 30 * DAY;
    await one.refresh();
    const [, , newest] = one.published().keys;
    expect(await other.find(String(newest?.['kid']), 'ES256')).toMatchObject({ kid: newest?.['kid'] });
  });

  test('are not looked for again at every name that somebody makes up', async () => {
    const read = vi.spyOn(store, 'read');
    const keys = ring();
    await keys.refresh();
    for (let tried = 0; tried < 10; tried += 1) expect(await keys.find(`kid${tried}`, 'ES256')).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(1);
    nowMs += 2_000;
    await keys.find('kid', 'ES256');
    expect(read).toHaveBeenCalledTimes(2);
  });

  test('go on while the store is gone; an unknown name cannot be told from a new one', async () => {
    const keys = ring();
    await keys.refresh();
    const kid = kidOf(await keys.sign({}));
    vi.spyOn(store, 'read').mockRejectedValue(new Error('gone'));
    nowMs += 10_000;
    expect(await keys.find(kid, 'ES256')).toBeDefined();
    await expect(keys.find('new', 'ES256')).rejects.toMatchObject({ code: 'identity.unavailable' });
    await expect(keys.refresh()).rejects.toThrow('gone');
  });

  test('are refused where they change under every attempt to rotate them', async () => {
    vi.spyOn(store, 'replace').mockResolvedValue(false);
    await expect(ring().refresh()).rejects.toThrow('changed in the store each time');
  });

  test('count only where they open: nobody adds one through the store', async () => {
    const sealer = jweSealer(randomBytes(32));
    const foreign: string[] = [];
    const keys = ring({ sealer, onForeign: (kid) => foreign.push(kid) });
    await keys.refresh();
    const good = await store.read();
    const intruder = await makeSigningKey('ES256');
    const jwk = intruder.privateKey.export({ format: 'jwk' });
    const plain: KeptKey = { kid: intruder.kid, fromMs: START, sealed: JSON.stringify({ fromMs: START, jwk }) };
    const moved = { ...(good[0] as KeptKey), fromMs: START - 1 };
    const renamed = { ...(good[0] as KeptKey), kid: intruder.kid };
    await store.replace(good, [...good, plain, moved, renamed]);
    await keys.refresh();
    await keys.refresh();
    expect(keys.published().keys.map(({ kid }) => kid)).toEqual(good.map(({ kid }) => kid));
    expect(foreign.toSorted()).toEqual([plain.kid, moved.kid, renamed.kid].toSorted());
  });

  test('of another wrapping key are left to who can open them', async () => {
    const before = ring({ sealer: jweSealer(randomBytes(32)) });
    const after = ring({ sealer: jweSealer(randomBytes(32)) });
    await before.refresh();
    const first = before.published();
    await after.refresh();
    await before.refresh();
    expect(before.published()).toEqual(first);
    expect(after.published().keys).toHaveLength(2);
    expect(await store.read()).toHaveLength(4);
  });

  test('that are no keys inside count for nothing', async () => {
    await store.replace([], [{ kid: 'a', fromMs: START, sealed: JSON.stringify({ fromMs: START, jwk: {} }) }]);
    const keys = ring();
    await keys.refresh();
    expect(keys.published().keys.some(({ kid }) => kid === 'a')).toBe(false);
  });
});
