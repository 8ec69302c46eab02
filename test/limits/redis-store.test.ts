import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { GRACE_MS } from '../../src/limits/bounds.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';
import {
  asks,
  claim,
  concurrency,
  DAY,
  dayOf,
  freshTenant,
  HOUR,
  MINUTE,
  MINUTELY,
  statesOf,
  testClock,
} from './ledger.ts';
import { HAS_SERVER, tell } from './servers.ts';

ledgerContract('redis', async (clock) => redisStore({ client: await connected({ url: inject('redisUrl') }), clock }));

describe('a redis store', () => {
  test('keeps time by its server where no clock is given', async () => {
    const store = redisStore({ client: await connected({ url: inject('redisUrl') }) });
    const tenant = freshTenant();
    const brief = claim({ ask: 100, mode: 'spend', window: { kind: 'rolling', ms: 200 } });
    const first = await store.admit(asks(tenant, [brief]));
    expect(first).toMatchObject({ kind: 'admitted', states: [{ settled: 100 }] });
    expect(statesOf(first)[0]?.resetMs).toBeLessThanOrEqual(204);
    expect(await store.admit(asks(tenant, [brief]))).toMatchObject({ kind: 'exceeded' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await store.admit(asks(tenant, [brief]))).toMatchObject({ kind: 'admitted' });
    await store.close();
  });

  test('refuses with the cause for the log where a key holds something else', async () => {
    const client = await connected({ url: inject('redisUrl') });
    const store = redisStore({ client });
    const tenant = freshTenant();
    await store.admit(asks(tenant, [claim()]));
    await client.connection.set(`wg:{${tenant}}:counter:policy/limit:60000`, 'garbage');
    const refused = store.admit(asks(tenant, [claim()]));
    await expect(refused).rejects.toMatchObject({
      code: 'limit.unavailable',
      cause: { message: expect.stringContaining('WRONGTYPE') },
    });
    await expect(refused).rejects.toThrow('limits cannot be checked');
    await store.close();
  });

  test('books nothing of calls that left together where one of them cannot be read', async () => {
    const client = await connected({ url: inject('redisUrl') });
    const store = redisStore({ client });
    const tenant = freshTenant();
    await client.connection.set(`wg:{${tenant}}:counter:bad:60000`, 'garbage');
    const calls = [claim(), claim({ key: 'bad' })].map((one) => store.admit(asks(tenant, [one])));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await client.connection.exists(`wg:{${tenant}}:counter:policy/limit:60000`, `wg:{${tenant}}:leases`)).toBe(
      0,
    );
    await store.close();
  });

  test('keeps a reservation whose counter cannot be read, and ends it once when it can be again', async () => {
    const client = await connected({ url: inject('redisUrl') });
    const store = redisStore({ client });
    const tenant = freshTenant();
    const request = asks(tenant, [claim({ ask: 30 }), claim({ key: 'other', ask: 20 })]);
    await store.admit(request);
    const counter = `wg:{${tenant}}:counter:other:60000`;
    await client.connection.rename(counter, `${counter}:kept`);
    await client.connection.set(counter, 'garbage');
    const ending = { tenant, call: request.call, actual: [3, 2] };
    await expect(store.settle(ending)).rejects.toMatchObject({ code: 'limit.unavailable' });
    await client.connection.rename(`${counter}:kept`, counter);
    expect(await store.settle(ending)).toBe(true);
    const after = await store.admit(asks(tenant, [claim({ ask: 0 }), claim({ key: 'other', ask: 0 })]));
    expect(after).toMatchObject({
      states: [
        { settled: 3, held: 0 },
        { settled: 2, held: 0 },
      ],
    });
    await store.close();
  });

  test('forgets a batch that could not leave: the next call asks anew', async () => {
    const client = await connected({ url: inject('redisUrl') });
    const store = redisStore({ client });
    const tenant = freshTenant();
    const lost = once(client.connection, 'close');
    client.connection.disconnect(true);
    await lost;
    await expect(store.admit(asks(tenant, [claim()]))).rejects.toMatchObject({ code: 'limit.unavailable' });
    await expect(store.settle({ tenant, call: 'a' as never, actual: [] })).rejects.toThrow('limits cannot be checked');
    await once(client.connection, 'ready');
    expect(await store.admit(asks(tenant, [claim()]))).toMatchObject({ kind: 'admitted' });
    expect(await store.settle({ tenant, call: 'a' as never, actual: [] })).toBe(false);
    await store.close();
  });
});

describe.runIf(HAS_SERVER)('a redis store with a server of its own', () => {
  let server: RedisServer;
  let client: RedisClient;
  beforeAll(async () => {
    server = await startRedis();
    client = await connected({ url: server.url });
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const wipe = (): Promise<unknown> => tell(server.port, (redis) => redis.flushall());
  const admit = (store: LedgerStore, tenant: string): Promise<unknown> => store.admit(asks(tenant, [claim()]));

  test('closes a tenant whose ledger has vanished, and keeps it closed even when others begin it anew', async () => {
    const store = redisStore({ client });
    const tenant = freshTenant();
    const running = asks(tenant, [claim()]);
    expect(await store.admit(running)).toMatchObject({ kind: 'admitted' });
    await wipe();
    expect(await admit(store, tenant)).toEqual({ kind: 'lost' });
    expect(await store.settle({ tenant, call: running.call, actual: [1] })).toBe(false);
    const other = redisStore({ client });
    expect(await admit(other, tenant)).toMatchObject({ kind: 'admitted' });
    expect(await admit(store, tenant)).toEqual({ kind: 'lost' });
    expect(await admit(store, freshTenant())).toMatchObject({ kind: 'admitted' });
  });

  test('closes a tenant whose ledger was begun anew behind its back', async () => {
    const store = redisStore({ client });
    const other = redisStore({ client });
    const tenant = freshTenant();
    await admit(store, tenant);
    await wipe();
    await admit(other, tenant);
    expect(await admit(store, tenant)).toEqual({ kind: 'lost' });
  });

  test('asks again once a second whether a lost tenant was rebuilt', async () => {
    const clock = testClock();
    let asked = 0;
    const counting = {
      ...client,
      run: (question: Parameters<RedisClient['run']>[0]) => ((asked += 1), client.run(question)),
    };
    const store = redisStore({ client: counting, clock });
    const tenant = freshTenant();
    await admit(store, tenant);
    await wipe();
    for (let index = 0; index < 5; index += 1) expect(await admit(store, tenant)).toEqual({ kind: 'lost' });
    expect(asked).toBe(2);
    clock.advance(1_000);
    for (let index = 0; index < 5; index += 1) expect(await admit(store, tenant)).toEqual({ kind: 'lost' });
    expect(asked).toBe(3);
  });

  test('gives every key a lifetime beyond its meaning, but for the generation marker', async () => {
    await wipe();
    const clock = testClock();
    const store = redisStore({ client, clock });
    const tenant = freshTenant();
    const month = { kind: 'calendar', startMs: clock.now() - DAY, endMs: clock.now() + 29 * DAY } as const;
    const ended = asks(tenant, [claim()]);
    await store.admit(ended);
    await store.settle({ tenant, call: ended.call, actual: [5] });
    const running = asks(tenant, [claim(), claim({ key: 'month', window: month }), concurrency(5)], { leaseMs: HOUR });
    await store.admit(running);
    await store.admit(asks(tenant, [claim({ key: 'rate', mode: 'spend' })]));
    await store.renew(tenant, [running.call], HOUR);
    const lives = await lifetimes();
    expect(lives['generation']).toBe(-1);
    expect(lives['counter:policy/limit:60000']).toBeGreaterThan(MINUTE + GRACE_MS);
    expect(lives['counter:policy/at-once:none']).toBeGreaterThan(HOUR + GRACE_MS / 2);
    expect(lives['counter:month:calendar']).toBeGreaterThan(29 * DAY + GRACE_MS);
    expect(lives['counter:month:calendar']).toBeLessThan(29 * DAY + 4 * GRACE_MS);
    expect(lives[`call:${running.call}`]).toBeGreaterThan(lives['counter:month:calendar'] as number);
    expect(lives['leases']).toBeGreaterThan(lives['counter:month:calendar'] as number);
    expect(lives[`call:${ended.call}`]).toBeLessThanOrEqual(MINUTE);
    expect(Object.keys(lives)).toHaveLength(9);
    expect(Object.values(lives).filter((life) => life < 0)).toHaveLength(1);
  });

  test('keeps the counters of a call alive for as long as its lease is renewed', async () => {
    await wipe();
    const clock = testClock();
    const store = redisStore({ client, clock });
    const tenant = freshTenant();
    const { call } = asks(tenant, []);
    await store.admit(asks(tenant, [claim({ ask: 60 })], { call, leaseMs: HOUR }));
    await tell(server.port, async (redis) => {
      for (const key of await redis.keys('*:c*')) await redis.pexpire(key, 5_000);
    });
    clock.advance(MINUTE);
    await store.renew(tenant, [call], HOUR);
    const lives = await lifetimes();
    expect(lives['counter:policy/limit:60000']).toBeGreaterThan(GRACE_MS);
    expect(lives[`call:${call}`]).toBeGreaterThan(2 * GRACE_MS);
  });

  test('outlives what should not be: a lease, a counter or a reservation that is gone', async () => {
    const clock = testClock();
    const store = redisStore({ client, clock });
    const tenant = freshTenant();
    const forgotten = asks(tenant, [claim({ ask: 60 })]);
    const half = asks(tenant, [claim({ key: 'half', ask: 60 })]);
    await store.admit(forgotten);
    await store.admit(half);
    await tell(server.port, (redis) =>
      redis.del(`wg:{${tenant}}:call:${forgotten.call}`, `wg:{${tenant}}:counter:half:60000`),
    );
    await store.renew(tenant, [forgotten.call], MINUTE);
    expect(await store.settle({ tenant, call: half.call, actual: [1] })).toBe(true);
    clock.advance(HOUR);
    expect(await admit(store, tenant)).toMatchObject({ kind: 'admitted' });
    expect(await tell(server.port, (redis) => redis.zcard(`wg:{${tenant}}:leases`))).toBe(1);
  });

  test('writes no more fields than its parts of a window, however long it runs', async () => {
    const clock = testClock();
    const store = redisStore({ client, clock });
    const tenant = freshTenant();
    for (let i = 0; i < 300; i += 1) {
      await store.admit(asks(tenant, [claim({ ask: 1, mode: 'spend', enforced: false })]));
      clock.advance(997);
    }
    const fields = await tell(server.port, (redis) => redis.hkeys(`wg:{${tenant}}:counter:policy/limit:60000`));
    expect(fields.length).toBeLessThanOrEqual(61 + 4);
    expect(fields).toEqual(expect.arrayContaining(['held', 'settled', 'from', 'to']));
  });

  test('holds nothing of a tenant but what docs/redis-keys.md names', async () => {
    await wipe();
    const store = redisStore({ client });
    for (const tenant of ['acme', 'a{b}c', '', 'a b\n"']) {
      for (const key of ['policy/limit:requests:agent=ci', 'p:{x}:*']) {
        for (const window of [MINUTELY, dayOf(Date.now()), { kind: 'none' } as const]) {
          await store.admit(asks(tenant, [claim({ key, window })]));
        }
      }
    }
    const keys = await tell(server.port, (redis) => redis.keys('*'));
    for (const key of keys) {
      expect(key).toMatch(/^wg:\{[^{}\s]+\}:(generation|leases|call:[^{}\s]+|counter:[^{}\s]+:(\d+|calendar|none))$/);
    }
  });

  /** What is left to every key, by its name within the tenant. */
  async function lifetimes(): Promise<Record<string, number>> {
    return tell(server.port, async (redis) => {
      const keys = await redis.keys('*');
      const lives = await Promise.all(keys.map((key) => redis.pttl(key)));
      return Object.fromEntries(keys.map((key, index) => [key.slice(key.indexOf('}:') + 2), lives[index] as number]));
    });
  }
});
