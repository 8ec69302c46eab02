import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisStore } from '../../src/limits/redis-store.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';
import { asks, claim, freshTenant } from './ledger.ts';
import { HAS_SERVER, type RedisServers, startCluster, tell, until } from './servers.ts';

describe.runIf(HAS_SERVER)('a redis cluster', () => {
  let servers: RedisServers;
  beforeAll(async () => {
    servers = await startCluster();
  });
  afterAll(() => servers.stop());

  const connect = () =>
    connected({ url: servers.nodes[0]?.url ?? '', cluster: { nodes: [`127.0.0.1:${servers.nodes[1]?.port}`] } });

  ledgerContract('redis cluster', async (clock) => redisStore({ client: await connect(), clock }));

  test('spreads tenants over its nodes, and every key of a tenant lies on one', async () => {
    const store = redisStore({ client: await connect() });
    for (let i = 0; i < 60; i += 1) await store.admit(asks(freshTenant(), [claim(), claim({ key: 'other' })]));
    const kept = await Promise.all(servers.nodes.map(({ port }) => tell(port, (redis) => redis.keys('*'))));
    const tenants = kept.map((keys) => new Set(keys.map((key) => key.slice(0, key.indexOf('}')))));
    for (const some of tenants) expect(some.size).toBeGreaterThan(0);
    const all = tenants.flatMap((some) => [...some]);
    expect(new Set(all).size).toBe(all.length);
    await store.close();
  });

  test('that moves a tenant to another node loses nothing of it', async () => {
    const store = redisStore({ client: await connect() });
    const tenant = freshTenant();
    await store.admit(asks(tenant, [claim({ ask: 60 })]));
    await moveSlotOf(`wg:{${tenant}}:`, servers);
    expect(await store.admit(asks(tenant, [claim({ ask: 50 })]))).toMatchObject({
      kind: 'exceeded',
      states: [{ held: 60 }],
    });
    await store.close();
  });

  test('without one of its nodes still serves the others, and that one again when it is back', async () => {
    const store = redisStore({ client: await connect() });
    await Promise.all(
      servers.nodes.map(({ port }) =>
        tell(port, (redis) => redis.config('SET', 'cluster-require-full-coverage', 'no')),
      ),
    );
    const node = servers.nodes[2];
    await node?.kill();
    const outcome = async (): Promise<string> =>
      store.admit(asks(freshTenant(), [claim()])).then(
        ({ kind }) => kind,
        (error: { code: string }) => error.code,
      );
    const seen = new Set<string>();
    for (let i = 0; i < 60; i += 1) seen.add(await outcome());
    expect(seen).toEqual(new Set(['admitted', 'limit.unavailable']));
    expect(await store.ping()).toBe(true);
    await node?.restart();
    await until('every tenant is served', async () => {
      const outcomes = await Promise.all(Array.from({ length: 40 }, outcome));
      return outcomes.every((kind) => kind === 'admitted');
    });
    for (const each of servers.nodes) each.freeze();
    expect(await store.ping()).toBe(false);
    for (const each of servers.nodes) each.thaw();
    await store.close();
  });
});

/** Gives the slot of a key, and what is in it, to the next node. */
async function moveSlotOf(key: string, { nodes }: RedisServers): Promise<void> {
  const ids = await Promise.all(nodes.map(({ port }) => tell(port, (redis) => redis.call('CLUSTER', 'MYID'))));
  const slot = Number(await tell(nodes[0]?.port ?? 0, (redis) => redis.call('CLUSTER', 'KEYSLOT', key)));
  const from = slot <= 5_460 ? 0 : slot <= 10_922 ? 1 : 2;
  const to = (from + 1) % 3;
  await tell(nodes[to]?.port ?? 0, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] as string));
  await tell(nodes[from]?.port ?? 0, async (redis) => {
    await redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] as string);
    const keys = (await redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    await redis.call('MIGRATE', '127.0.0.1', nodes[to]?.port ?? 0, '', 0, 5_000, 'KEYS', ...keys);
  });
  for (const { port } of nodes)
    await tell(port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] as string));
}
