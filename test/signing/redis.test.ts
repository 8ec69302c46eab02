import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, inject, test } from 'vitest';
import { sharedKeyRing } from '../../src/signing/key-ring.ts';
import { redisSigningKeys } from '../../src/signing/redis.ts';
import { jweSealer } from '../../src/signing/sealer.ts';
import { signingKeyContract } from './contract.ts';

const KEY = 'wg:signing:keys';
// A database of its own, so that no other test's keys are in the way.
const redis = new Redis(inject('redisUrl'), { db: 13 });
afterAll(async () => {
  await redis.del(KEY);
  redis.disconnect();
});

async function empty(): Promise<ReturnType<typeof redisSigningKeys>> {
  await redis.del(KEY);
  return redisSigningKeys(redis);
}

signingKeyContract('redis', empty);

test('replicas that start at once agree on their keys, and nothing private lies in the store', async () => {
  const store = await empty();
  const sealer = jweSealer(randomBytes(32));
  const rotation = { rotateMs: 1_000_000, keepMs: 1_000 };
  const rings = Array.from({ length: 5 }, () =>
    sharedKeyRing({ store, sealer, algorithm: 'ES256', rotation, clock: { now: () => 1_000 } }),
  );
  await Promise.all(rings.map((ring) => ring.refresh()));
  await Promise.all(rings.map((ring) => ring.refresh()));
  const [first, ...others] = rings.map((ring) => ring.published());
  expect(first?.keys).toHaveLength(2);
  for (const other of others) expect(other).toEqual(first);
  expect(await redis.get(KEY)).not.toMatch(/"d"|"x"/);
});

test.each(['garbage', '{}', '[1]', '[null]', '[{"kid":"a","fromMs":"1","sealed":""}]'])(
  'what is no list of keys is refused: %s',
  async (text) => {
    const store = await empty();
    await redis.set(KEY, text);
    await expect(store.read()).rejects.toThrow('does not hold signing keys');
  },
);
