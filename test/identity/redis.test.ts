import { Redis } from 'ioredis';
import { afterAll, expect, inject, test } from 'vitest';
import { redisGrants, redisProofs } from '../../src/identity/redis.ts';
import { grantContract } from './grants.ts';

const redis = new Redis(inject('redisUrl'), { db: 11 });
afterAll(async () => {
  await redis.del('wg:revoked');
  redis.disconnect();
});

grantContract('redis', (clock) => redisGrants(redis, clock));

test('grants lie in their tenant’s part of the store, under the hash of their key, and end there', async () => {
  const grants = redisGrants(redis, { now: () => Date.now() });
  await grants.put({ tenant: 'a/{b}', hash: 'abc' }, { claims: { sub: 'alice' }, untilMs: Date.now() + 60_000 });
  expect(await redis.get('wg:{a%2F%7Bb%7D}:grant:abc')).toBe('{"sub":"alice"}');
  expect(await redis.pttl('wg:{a%2F%7Bb%7D}:grant:abc')).toBeGreaterThan(50_000);
});

test('a proof is new once to all replicas', async () => {
  const [one, other] = [redisProofs(redis), redisProofs(redis)];
  const seen = { proofKey: 'k', digest: crypto.randomUUID(), forMs: 60_000.5 };
  expect([await one(seen), await other(seen), await other({ ...seen, proofKey: 'l' })]).toEqual([true, false, true]);
  expect(await redis.pttl(`wg:dpop:k:${seen.digest}`)).toBeGreaterThan(50_000);
});
