// Whether a server that is told to evict is noticed: the watch alone here, on real Redis in redis.test.ts and test/chaos.
import { beforeEach, describe, expect, test } from 'vitest';
import { type Evictions, EvictionWatch } from '../../src/limits/eviction.ts';
import { connected } from './connect.ts';
import { asks, claim, freshTenant } from './ledger.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import { startRedis } from '../support/redis.ts';
import { HAS_SERVER, tell } from './servers.ts';
import { handSchedule } from './timers.ts';

const LOOK = 5_000;

describe('a watch over evictions', () => {
  let nodes: Evictions[] | Error;
  let closings: number;
  let canClose: boolean;
  let states: (string | undefined)[];
  const schedule = handSchedule();
  let watch: EvictionWatch;

  beforeEach(async () => {
    [nodes, closings, canClose, states] = [[node()], 0, true, []];
    watch = new EvictionWatch({
      client: {
        evictions: async () => {
          if (nodes instanceof Error) throw nodes;
          return nodes;
        },
        closeLedgers: async () => {
          closings += 1;
          if (!canClose) throw new Error('gone');
        },
      },
      schedule,
      onChange: (state) => void states.push(state),
    });
    await watch.look();
    return () => watch.stop();
  });

  const node = (parts: Partial<Evictions> = {}): Evictions => ({
    node: 'a:1',
    policy: 'noeviction',
    evicted: 5,
    ...parts,
  });

  test('says nothing of what was before it, nor of a server that was started anew', async () => {
    nodes = [node({ evicted: 0 })];
    await schedule.run(LOOK);
    nodes = [node({ evicted: 0 }), node({ node: 'b:1', evicted: 9 })];
    await schedule.run(LOOK);
    expect([watch.state, closings, states]).toEqual([undefined, 0, []]);
  });

  test('says which policy a server was given, until it is taken back', async () => {
    nodes = [node(), node({ node: 'b:1', policy: 'allkeys-lru' })];
    await schedule.run(LOOK);
    await schedule.run(LOOK);
    expect(watch.state).toBe('allkeys-lru');
    nodes = new Error('does not answer');
    await schedule.run(LOOK);
    expect(watch.state).toBe('allkeys-lru');
    nodes = [node()];
    await schedule.run(LOOK);
    expect(states).toEqual(['allkeys-lru', undefined]);
    expect(closings).toBe(0);
  });

  test.each([
    ['one more than before', node({ evicted: 6 })],
    ['since it was started anew', node({ evicted: 3 })],
  ])('closes every ledger where keys were evicted (%s), and goes on trying until it has', async (_, next) => {
    nodes = [next];
    canClose = false;
    await schedule.run(LOOK);
    await schedule.run(LOOK);
    expect([watch.state, closings]).toEqual(['evicted', 2]);
    canClose = true;
    await schedule.run(LOOK);
    await schedule.run(LOOK);
    expect([watch.state, closings, states]).toEqual([undefined, 3, ['evicted', undefined]]);
  });
});

describe.runIf(HAS_SERVER)('a redis that was told to evict', () => {
  test('admits nothing; once ledgers are closed, every tenant is lost to every gateway', async () => {
    const server = await startRedis();
    const eviction = { state: undefined as string | undefined };
    const client = await connected({ url: server.url });
    const other = await connected({ url: server.url });
    const store = redisStore({ client, eviction });
    const tenants = [freshTenant(), freshTenant()] as const;
    for (const tenant of tenants) await store.admit(asks(tenant, [claim()]));
    eviction.state = 'allkeys-lru';
    await expect(store.admit(asks(tenants[0], [claim()]))).rejects.toMatchObject({
      code: 'limit.unavailable',
      cause: expect.objectContaining({ name: 'Evicting' }),
    });
    eviction.state = undefined;
    // More than one look of SCAN takes, and what is no marker stays as it is.
    await tell(server.port, async (redis) => {
      const fillers = Array.from({ length: 3_000 }, (_, index) => [`wg:{f${index}}:leases`, 'x']).flat();
      await redis.mset(...fillers);
    });
    await client.closeLedgers();
    for (const one of [store, redisStore({ client: other })]) {
      for (const tenant of tenants) expect(await one.admit(asks(tenant, [claim()]))).toEqual({ kind: 'lost' });
    }
    expect(await tell(server.port, (redis) => redis.get('wg:{f7}:leases'))).toBe('x');
    client.close();
    other.close();
    await server.stop();
  });
});
