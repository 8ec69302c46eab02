import { describe, expect, test } from 'vitest';
import { keyRing } from '../../src/identity/api-keys.ts';
import { createKey, type KeyProblem, listKeys, revokeKey, rotateKey } from '../../src/identity/key-changes.ts';
import { NOW_MS } from './issuer.ts';

const HOUR = 3_600_000;
const wanted = { subject: 'ci', tenant: 'acme', agent: 'builder', scopes: ['read'], nowMs: NOW_MS };
const made = createKey([], wanted);

function done<Change extends object>(change: Change | KeyProblem): Change {
  if ('problem' in change) throw new Error(change.problem);
  return change;
}
const invalid = expect.objectContaining({ code: 'identity.invalid', status: 401 });
const expired = expect.objectContaining({ code: 'identity.expired', status: 401 });

describe('a rotation', () => {
  const rotated = done(rotateKey(made.keys, { id: made.id, overlapMs: HOUR, nowMs: NOW_MS }));
  const ring = keyRing(rotated.keys);

  test('gives the key a new secret for the same principal', () => {
    expect(rotated.key).not.toBe(made.key);
    expect(ring(rotated.key, NOW_MS + 9 * HOUR)).toMatchObject({ id: 'acme/ci/builder' });
  });

  test('leaves the secret before valid for the overlap and no longer', () => {
    expect(ring(made.key, NOW_MS + HOUR - 1)).toBe(ring(rotated.key, NOW_MS));
    expect(() => ring(made.key, NOW_MS + HOUR)).toThrow(expired);
  });

  test('without overlap ends the secret before at once', () => {
    const at = done(rotateKey(made.keys, { id: made.id, overlapMs: 0, nowMs: NOW_MS }));
    expect(() => keyRing(at.keys)(made.key, NOW_MS)).toThrow(expired);
  });

  test('ends the secret before the one before, which is then unknown', () => {
    const twice = done(rotateKey(rotated.keys, { id: made.id, overlapMs: HOUR, nowMs: NOW_MS }));
    expect(() => keyRing(twice.keys)(made.key, NOW_MS)).toThrow(invalid);
    expect(keyRing(twice.keys)(rotated.key, NOW_MS)).toBeDefined();
  });

  test('does not let the secret before outlive the key', () => {
    const short = createKey([], { ...wanted, expiresAtMs: NOW_MS + HOUR });
    const later = done(rotateKey(short.keys, { id: short.id, overlapMs: 9 * HOUR, nowMs: NOW_MS }));
    expect(() => keyRing(later.keys)(short.key, NOW_MS + HOUR)).toThrow(expired);
  });

  test('touches no other key', () => {
    const two = createKey(made.keys, wanted);
    const after = done(rotateKey(two.keys, { id: two.id, overlapMs: 0, nowMs: NOW_MS }));
    expect(after.keys[0]).toBe(two.keys[0]);
  });

  test('of an unknown or revoked key says so and changes nothing', () => {
    const revoked = done(revokeKey(made.keys, { id: made.id, nowMs: NOW_MS })).keys;
    expect(rotateKey(made.keys, { id: 'nobody00', overlapMs: 0, nowMs: NOW_MS })).toEqual({
      problem: expect.stringContaining('no key `nobody00`'),
    });
    expect(rotateKey(revoked, { id: made.id, overlapMs: 0, nowMs: NOW_MS })).toEqual({
      problem: expect.stringContaining('revoked'),
    });
  });
});

describe('a revocation', () => {
  const rotated = done(rotateKey(made.keys, { id: made.id, overlapMs: HOUR, nowMs: NOW_MS }));
  const other = createKey(rotated.keys, wanted);
  const revoked = done(revokeKey(other.keys, { id: made.id, nowMs: NOW_MS }));

  test('ends the key with every secret that it had, and no other key', () => {
    const ring = keyRing(revoked.keys);
    for (const key of [made.key, rotated.key]) {
      expect(() => ring(key, NOW_MS)).toThrow(invalid);
      expect(() => ring(key, NOW_MS)).toThrow('has been revoked');
    }
    expect(ring(other.key, NOW_MS)).toBeDefined();
  });

  test('is told only to who shows the key itself', () => {
    expect(() => keyRing(revoked.keys)(`wgk_${made.id}_${'A'.repeat(43)}`, NOW_MS)).toThrow(
      'no API key of this gateway',
    );
  });

  test('made twice keeps its first time', () => {
    const again = done(revokeKey(revoked.keys, { id: made.id, nowMs: NOW_MS + HOUR }));
    expect(again.keys[0]?.revoked).toBe(new Date(NOW_MS).toISOString());
  });

  test('of an unknown key says so', () => {
    expect(revokeKey(made.keys, { id: 'nobody00', nowMs: NOW_MS })).toEqual({
      problem: expect.stringContaining('`waygate keys list`'),
    });
  });
});

describe('the list of keys', () => {
  test('shows the state of each, and no hash', () => {
    const short = createKey(made.keys, { ...wanted, expiresAtMs: NOW_MS + HOUR });
    const third = createKey(short.keys, wanted);
    const fourth = createKey(third.keys, wanted);
    const rotated = done(rotateKey(fourth.keys, { id: third.id, overlapMs: HOUR, nowMs: NOW_MS }));
    const { keys } = done(revokeKey(rotated.keys, { id: fourth.id, nowMs: NOW_MS }));
    const states = (atMs: number): string[] => listKeys(keys, atMs).map((key) => key.state);
    expect(states(NOW_MS)).toEqual(['active', 'active', 'rotating', 'revoked']);
    expect(states(NOW_MS + HOUR)).toEqual(['active', 'expired', 'active', 'revoked']);
    expect(JSON.stringify(listKeys(keys, NOW_MS))).not.toMatch(/[0-9a-f]{64}/);
  });
});
