// Several gateways, many callers, one Redis: no limit is exceeded, whatever runs at the same time.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { Claim, LedgerStore } from '../../src/limits/store.ts';
import { connected } from './connect.ts';
import { asks, claim, concurrency, freshTenant, HOUR, statesOf } from './ledger.ts';

const GATEWAYS = 4;
const CALLERS = 240;

describe.runIf(inject('redisIsReal'))('240 callers of four gateways', () => {
  let clients: readonly RedisClient[];
  let stores: readonly LedgerStore[];
  beforeAll(async () => {
    clients = await Promise.all(Array.from({ length: GATEWAYS }, () => connected({ url: inject('redisUrl') })));
    stores = clients.map((client) => redisStore({ client }));
  });
  afterAll(() => {
    for (const client of clients) client.close();
  });

  /** Every caller works at the same time, on the gateways in turn. */
  function everyCaller<T>(work: (store: LedgerStore, caller: number) => Promise<T>): Promise<T[]> {
    return Promise.all(
      Array.from({ length: CALLERS }, (_, caller) => work(stores[caller % GATEWAYS] as LedgerStore, caller)),
    );
  }

  test('spend a rate to its last request and not once more', async () => {
    const tenant = freshTenant();
    const rate = claim({ ask: 1, limit: 777, mode: 'spend', window: { kind: 'rolling', ms: HOUR } });
    const kinds = await everyCaller(async (store) => {
      const own: string[] = [];
      for (let i = 0; i < 8; i += 1) own.push((await store.admit(asks(tenant, [rate]))).kind);
      return own;
    });
    expect(kinds.flat().filter((kind) => kind === 'admitted')).toHaveLength(777);
  });

  test('never run more at once than a limit allows, nor hold and spend more than a budget has', async () => {
    const tenant = freshTenant();
    const budget: Claim = claim({
      key: 'budget',
      unit: 'money',
      ask: 50,
      limit: 20_000,
      window: { kind: 'rolling', ms: HOUR },
    });
    let running = 0;
    let most = 0;
    let spent = 0;
    await everyCaller(async (store, caller) => {
      for (let i = 0; i < 8; i += 1) {
        const request = asks(tenant, [concurrency(17), budget]);
        const result = await store.admit(request);
        const { settled = 0, held = 0 } = statesOf(result)[1] ?? {};
        expect(settled + held).toBeLessThanOrEqual(20_000);
        if (result.kind !== 'admitted') continue;
        running += 1;
        most = Math.max(most, running);
        const used = (caller * 7 + i * 13) % 51;
        await new Promise(setImmediate);
        running -= 1;
        const isReleased = used % 5 === 0;
        if (!isReleased) spent += used;
        await (isReleased
          ? store.release(tenant, request.call)
          : store.settle({ tenant, call: request.call, actual: [1, used] }));
      }
    });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(17);
    const [store] = stores as [LedgerStore];
    const end = await store.admit(asks(tenant, [concurrency(1), { ...budget, ask: 0 }]));
    expect(end).toMatchObject({ kind: 'admitted', states: [{ held: 1 }, { settled: spent, held: 0 }] });
  });

  test('that all repeat the same call book it once', async () => {
    const tenant = freshTenant();
    const request = asks(tenant, [claim({ ask: 60 })]);
    const kinds = new Set((await everyCaller((store) => store.admit(request))).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['admitted']));
    const ended = await everyCaller((store) => store.settle({ tenant, call: request.call, actual: [5] }));
    expect(ended.filter(Boolean)).toHaveLength(1);
    const [store] = stores as [LedgerStore];
    expect(await store.admit(asks(tenant, [claim({ ask: 0 })]))).toMatchObject({ states: [{ settled: 5, held: 0 }] });
  });
});
