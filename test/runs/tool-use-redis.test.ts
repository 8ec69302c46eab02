import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/limits/redis.ts';
import type { RunId } from '../../src/core/ids.ts';
import { USE_MS, type UseStore } from '../../src/runs/tool-use.ts';
import { memoryUses, memoryUseStore } from '../../src/runs/tool-use-memory.ts';
import { redisUses } from '../../src/runs/tool-use-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, testClock } from '../limits/ledger.ts';
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

test('memory and redis answer any history alike', async () => {
  const id = fc.constantFrom('a', 'b', '~c', '~d');
  const name = fc.constantFrom('mcp__github__get', 'get', 'forget', 'Bash');
  const argsDigest = fc.constantFrom('0a', '0b');
  const path = fc.constantFrom<readonly RunId[]>(['r1' as RunId], ['r1' as RunId, 'r2' as RunId]);
  const principalId = fc.constant(principal().id);
  const asked = fc.record({
    principal: principalId,
    id,
    name,
    argsDigest: fc.oneof(argsDigest, fc.constant('')),
    path,
  });
  const call = fc.record({ principal: principalId, id: fc.option(id, { nil: undefined }), name, argsDigest });
  const use = fc.record({ principal: principalId, id, name, argsDigest, resultDigest: fc.constantFrom('1a', '1b') });
  type Act = (store: UseStore, tenant: string) => Promise<unknown>;
  const act = fc.oneof(
    fc.array(asked, { minLength: 1, maxLength: 3 }).map(
      (all): Act =>
        (store, tenant) =>
          store.remember(tenant, all),
    ),
    call.map(
      (one): Act =>
        (store, tenant) =>
          store.join(tenant, one),
    ),
    fc.array(use, { minLength: 1, maxLength: 3 }).map(
      (all): Act =>
        (store, tenant) =>
          store.tell(tenant, all),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
      const tenant = freshTenant();
      const [memory, redis] = [memoryUseStore(memoryUses({ clock: testClock() })), redisUses(client)];
      for (const one of acts) {
        const expected = await one(memory, tenant);
        if (expected === undefined) expect((await one(redis, tenant)) ?? undefined).toBeUndefined();
        else expect(await one(redis, tenant)).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});
