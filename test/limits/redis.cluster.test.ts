import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import { reserver } from '../../src/limits/reserve.ts';
import type { AdmitRequest } from '../../src/limits/store.ts';
import { admission, charge, permitted, quota } from './calls.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';
import { asks, claim, freshTenant, statesOf } from './ledger.ts';
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

  test.each([
    ['settle', 'counter'],
    ['settle', 'reservation'],
    ['release', 'counter'],
    ['release', 'reservation'],
    ['sweep', 'counter'],
  ] as const)(
    'whose keys are on two nodes for a while leaves a reservation whole: its %s fails where the %s went first, and counts later, once',
    async (how, first) => {
      const store = redisStore({ client: await connect() });
      const tenant = freshTenant();
      const request = asks(tenant, [claim({ ask: 60 })], { leaseMs: how === 'sweep' ? 1 : 60_000 });
      await store.admit(request);
      const end = async (): Promise<boolean> => {
        if (how === 'settle') return store.settle({ tenant, call: request.call, actual: [7] });
        if (how === 'release') return store.release(tenant, request.call);
        // It asks for another counter, which is where the leases are.
        const { kind } = await store.admit(asks(tenant, [claim({ key: 'other' })]));
        return kind === 'admitted';
      };
      const moving = await beginMove(`wg:{${tenant}}:`, servers);
      const names = { counter: ['counter:policy/limit:60000'], reservation: ['leases', `call:${request.call}`] }[first];
      await moving.move(names.map((name) => `wg:{${tenant}}:${name}`));
      await expect(end()).rejects.toMatchObject({ code: 'limit.unavailable' });
      await moving.move();
      await moving.end();
      expect(await end()).toBe(true);
      const probe = asks(tenant, [claim({ ask: 0, mode: 'spend', enforced: false })]);
      const settled = { settle: 7, release: 0, sweep: 60 }[how];
      expect(await store.admit(probe)).toMatchObject({ states: [{ settled, held: 0 }] });
      await store.close();
    },
  );

  // While a slot moves, Redis answers no script of a new call there (TRYAGAIN): a key that is nowhere yet may be anywhere.
  test('that moves a tenant under load refuses its calls meanwhile at the worst, and counts each that it took once', async () => {
    const store = redisStore({ client: await connect() });
    const limits = reserver({ store, clock: systemClock, onGivenUp: () => expect.unreachable() });
    const tenant = freshTenant();
    const quotas = [quota({ amount: 100_000 }), quota({ id: 'research/tokens', unit: 'tokens', amount: 100_000 })];
    const causes = new Set<string>();
    const running: Reservation[] = [];
    const moves = { left: 3 };
    let admitted = 0;
    const work = async (): Promise<void> => {
      while (moves.left > 0 || admitted < 200) {
        const call = permitted({ quotas, tenant });
        const reservation = await limits.admit(call, admission(charge(1))).catch((error: { cause: Error }) => error);
        if (!('settle' in reservation)) {
          causes.add(reservation.cause.message.replace(/.*(TRYAGAIN|MOVED|ASK) .*/, '$1'));
          continue;
        }
        admitted += 1;
        // Half of them end on the way, so that reservations are moved, and moved ones end.
        if (admitted % 2 === 0) reservation.settle(charge(1));
        else running.push(reservation);
      }
    };
    const works = Array.from({ length: 4 }, work);
    for (; moves.left > 0; moves.left -= 1) await moveSlotOf(`wg:{${tenant}}:`, servers);
    await Promise.all(works);
    for (const reservation of running) reservation.settle(charge(1));
    const probe = (key: string): AdmitRequest =>
      asks(tenant, [claim({ key, ask: 0, limit: 1, enforced: false, mode: 'spend' })]);
    const state = async (key: string) => statesOf(await store.admit(probe(key)))[0];
    await until('every end is booked', async () => (await state('research/tokens:tokens'))?.held === 0);
    expect(await state('research/tokens:tokens')).toMatchObject({ settled: admitted, held: 0 });
    // A request is counted when it is asked for, also where the answer was lost; no more than one can be for each.
    expect((await state('research/pace:requests'))?.settled).toBeGreaterThanOrEqual(admitted);
    expect([...causes].filter((cause) => !/^(TRYAGAIN|MOVED|ASK)$|^no answer/.test(cause))).toEqual([]);
    await limits.close();
  }, 60_000);

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

/** A slot on its way from one node to the next. */
interface Moving {
  /** Moves keys of it; all that are left where none are named. */
  move(keys?: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

async function beginMove(key: string, { nodes }: RedisServers): Promise<Moving> {
  const ids = await Promise.all(nodes.map(({ port }) => tell(port, (redis) => redis.call('CLUSTER', 'MYID'))));
  const slot = Number(await tell(nodes[0]?.port ?? 0, (redis) => redis.call('CLUSTER', 'KEYSLOT', key)));
  const from = await ownerOf(slot, { nodes, ids });
  const to = (from + 1) % 3;
  const port = (index: number): number => nodes[index]?.port ?? 0;
  await tell(port(to), (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] as string));
  await tell(port(from), (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] as string));
  const migrate = (redis: Redis, keys: readonly string[]): Promise<unknown> =>
    redis.call('MIGRATE', '127.0.0.1', port(to), '', 0, 5_000, 'KEYS', ...keys);
  return {
    move: (keys) =>
      tell(port(from), async (redis) => {
        if (keys) return void (await migrate(redis, keys));
        // In small steps: what is moved in one is there at once.
        for (;;) {
          const left = (await redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 5)) as string[];
          if (left.length === 0) return undefined;
          await migrate(redis, left);
        }
      }),
    async end() {
      for (const index of [to, from, (to + 1) % 3]) {
        await tell(port(index), (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] as string));
      }
    },
  };
}

/** Gives the slot of a key, and what is in it, to the next node. */
async function moveSlotOf(key: string, servers: RedisServers): Promise<void> {
  const moving = await beginMove(key, servers);
  await moving.move();
  await moving.end();
}

async function ownerOf(
  slot: number,
  { nodes, ids }: Pick<RedisServers, 'nodes'> & { readonly ids: readonly unknown[] },
): Promise<number> {
  const ranges = await tell(nodes[0]?.port ?? 0, (redis) => redis.cluster('SLOTS'));
  const range = ranges.find(([first, last]) => first <= slot && slot <= last);
  return ids.indexOf(range?.[2]?.[2]);
}
