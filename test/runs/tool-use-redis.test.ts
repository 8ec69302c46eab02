import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/limits/redis.ts';
import type { RunId } from '../../src/core/ids.ts';
import { USE_MS } from '../../src/runs/tool-use.ts';
import { redisUses } from '../../src/runs/tool-use-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant } from '../limits/ledger.ts';
import { carried, principal, told } from './traffic.ts';
import { useContract } from './tool-use-contract.ts';

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

useContract('in redis', () => redisUses({ run: (question) => client.run(question) }));

test('keys have the tag of the tenant, hold no id and no arguments, and live for an hour', async () => {
  const tenant = freshTenant();
  const store = redisUses(client);
  const use = { id: 'toolu_secret', name: 'Bash', argsDigest: told('x').argsDigest, path: ['root' as RunId] };
  await store.remember(tenant, [{ ...use, principal: principal().id }]);
  await store.tell(tenant, [told('toolu_other')]);
  await store.join(tenant, carried('toolu_third'));
  const keys = (await client.connection.keys(`wg:{${tenant}}:*`)).toSorted();
  expect(keys).toHaveLength(4);
  for (const key of keys) {
    expect(key).toMatch(/^wg:\{tenant-[\w-]+\}:uses?:[0-9a-f]{32}$/);
    expect(await client.connection.pttl(key)).toBeGreaterThan(USE_MS - 60_000);
    expect(await client.connection.pttl(key)).toBeLessThanOrEqual(USE_MS);
    const held = (await client.connection.type(key)) === 'string' ? await client.connection.get(key) : '';
    expect(held).not.toContain('toolu_');
  }
});
