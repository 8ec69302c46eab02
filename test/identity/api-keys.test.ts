import { describe, expect, test } from 'vitest';
import { keyHash, keyRing } from '../../src/identity/api-keys.ts';
import { createKey, type KeyMade } from '../../src/identity/key-changes.ts';
import { NOW_MS } from './issuer.ts';

const HOUR = 3_600_000;
const wanted = { subject: 'ci', tenant: 'acme', agent: 'builder', scopes: ['read'], nowMs: NOW_MS };

const invalid = expect.objectContaining({ code: 'identity.invalid', status: 401 });
const expired = expect.objectContaining({ code: 'identity.expired', status: 401 });

const made: KeyMade = createKey([], wanted);
const find = keyRing(made.keys);

describe('an API key', () => {
  test('is `wgk_`, its id, and 32 random bytes', () => {
    expect(made.key).toMatch(new RegExp(`^wgk_${made.id}_[A-Za-z0-9_-]{43}$`));
    expect(createKey([], wanted).key).not.toBe(made.key);
  });

  test('stands for whom it was made for', () => {
    expect(find(made.key, NOW_MS)).toEqual({
      id: 'acme/ci/builder',
      subject: 'ci',
      tenant: 'acme',
      agent: 'builder',
      actors: [],
      credential: 'key',
      issuer: 'keys',
      scopes: ['read'],
      expiresAtMs: Infinity,
    });
  });

  test('that names the agent that the gateway itself is, is no key', () => {
    const own = createKey([], { ...wanted, agent: 'waygate-rollback' });
    expect(() => keyRing(own.keys)(own.key, NOW_MS)).toThrow(invalid);
  });

  test('is the same principal at every use', () => {
    expect(find(made.key, NOW_MS)).toBe(find(made.key, NOW_MS + HOUR));
  });

  test('need not name an agent or scopes', () => {
    const plain = createKey([], { subject: 'ci', tenant: 'acme', nowMs: NOW_MS });
    expect(keyRing(plain.keys)(plain.key, NOW_MS)).toMatchObject({ id: 'acme/ci/', agent: '', scopes: [] });
  });

  test('is nowhere in what is kept, only its hash', () => {
    expect(JSON.stringify(made.keys)).not.toContain(made.key.slice(-43));
    expect(made.keys[0]?.hash).toBe(keyHash(made.key));
  });

  test('ends when it expires', () => {
    const short = createKey([], { ...wanted, expiresAtMs: NOW_MS + HOUR });
    const ring = keyRing(short.keys);
    expect(ring(short.key, NOW_MS + HOUR - 1).expiresAtMs).toBe(NOW_MS + HOUR);
    expect(() => ring(short.key, NOW_MS + HOUR)).toThrow(expired);
  });

  test.each([
    ['another secret', `wgk_${made.id}_${'A'.repeat(43)}`],
    ['one letter changed', made.key.slice(0, -1) + (made.key.endsWith('A') ? 'B' : 'A')],
    ['another id', made.key.replace(made.id, '0'.repeat(12))],
    ['another key’s id', made.key.replace(made.id, createKey([], wanted).id)],
    ['its hash in place of the secret', `wgk_${made.id}_${made.keys[0]?.hash}`],
    ['nothing but the prefix', 'wgk_'],
    ['something after its end', `${made.key}x`],
    ['an id from the prototype', `wgk_constructor_${'A'.repeat(43)}`],
  ])('with %s is refused as one that is not known', (_, key) => {
    expect(() => find(key, NOW_MS)).toThrow(invalid);
    expect(() => find(key, NOW_MS)).toThrow('no API key of this gateway');
  });
});
