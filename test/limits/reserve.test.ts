import { beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { CallId } from '../../src/core/ids.ts';
import { UNHEARD_TREE } from '../../src/core/run.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import { type Reserver, reserver, type ReserverOptions } from '../../src/limits/reserve.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { NotAsked, unavailable } from '../../src/limits/unavailable.ts';
import { admission, AT_ONCE, BUDGET, charge, permitted, quota } from './calls.ts';
import { asks, claim, MINUTE, statesOf, type TestClock, testClock } from './ledger.ts';
import { handSchedule, turns } from './timers.ts';

const SECOND = 1_000;
const RENEWAL = 20_000;
const TOKENS = quota({ id: 'research/tokens', unit: 'tokens', amount: 1_000 });

interface Breakable extends LedgerStore {
  /** While there is a cause, the store does not answer. */
  down: Error | undefined;
  /** Whether it does what it is asked all the same. */
  works: boolean;
  readonly asked: string[];
}

function breakable(store: LedgerStore): Breakable {
  async function ask<T>(name: string, work: () => Promise<T>): Promise<T> {
    self.asked.push(name);
    if (self.down && self.works) await work();
    if (self.down) throw unavailable(self.down);
    return work();
  }
  const self: Breakable = {
    down: undefined,
    works: false,
    asked: [],
    admit: (request) => ask('admit', () => store.admit(request)),
    settle: (request) => ask('settle', () => store.settle(request)),
    release: (tenant, call) => ask('release', () => store.release(tenant, call)),
    renew: (tenant, calls, leaseMs) => ask('renew', () => store.renew(tenant, calls, leaseMs)),
    ping: () => store.ping(),
    close: () => store.close(),
  };
  return self;
}

describe('a reserver', () => {
  let clock: TestClock;
  let schedule: ReturnType<typeof handSchedule>;
  let store: Breakable;
  let limits: Reserver;
  let bypassed: string[];
  let givenUp: CallId[];

  const make = (options: Partial<ReserverOptions> = {}): Reserver => reserver({ store, clock, schedule, ...options });

  beforeEach(() => {
    clock = testClock();
    schedule = handSchedule();
    store = breakable(memoryStore({ clock }));
    bypassed = [];
    givenUp = [];
    limits = make({
      onBypass: ({ access }) => void bypassed.push(access.action),
      onGivenUp: (call) => void givenUp.push(call),
    });
  });

  /** What the counter of `TOKENS` stands at. */
  async function tokens(tenant: string): Promise<{ settled: number; held: number }> {
    const probe = claim({ key: 'research/tokens:tokens', ask: 0, mode: 'spend', enforced: false });
    const [state] = statesOf(await store.admit(asks(tenant, [probe])));
    return { settled: state?.settled ?? -1, held: state?.held ?? -1 };
  }

  test('reserves the quote, tells what is left, and books what was used', async () => {
    const call = permitted({ quotas: [TOKENS, AT_ONCE], tenant: 't' });
    const reservation = await limits.admit(call, admission(charge(400)));
    expect(reservation.standings).toEqual([
      { quota: TOKENS, remaining: 600, resetMs: expect.any(Number) },
      { quota: AT_ONCE, remaining: 1, resetMs: 0 },
    ]);
    expect(await tokens('t')).toEqual({ settled: 0, held: 400 });
    reservation.settle(charge(90));
    await turns();
    expect(await tokens('t')).toEqual({ settled: 90, held: 0 });
  });

  test('gives everything back for a call that was never sent', async () => {
    const reservation = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(400)));
    reservation.release();
    await turns();
    expect(await tokens('t')).toEqual({ settled: 0, held: 0 });
  });

  test('ends a reservation once: the first end counts', async () => {
    const reservation = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(400)));
    reservation.settle(charge(90));
    reservation.settle(charge(500));
    reservation.release();
    await turns();
    expect(await tokens('t')).toEqual({ settled: 90, held: 0 });
    expect(store.asked.filter((name) => name !== 'admit')).toEqual(['settle']);
  });

  test('never says that less than nothing is left', async () => {
    const first = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(400)));
    first.settle(charge(1_300));
    await turns();
    const shadow = { ...TOKENS, enforced: false };
    const { standings } = await limits.admit(permitted({ quotas: [shadow], tenant: 't' }), admission(charge(1)));
    expect(standings).toMatchObject([{ remaining: 0 }]);
  });

  test('asks the store nothing for a list without quotas', async () => {
    const reservation = await limits.admit(permitted({ quotas: [], action: 'tool.list' }), admission(charge(0)));
    expect(reservation.standings).toEqual([]);
    reservation.settle(charge(0));
    reservation.release();
    await turns();
    expect(store.asked).toEqual([]);
  });

  test('asks the store once for a list whose limits only spend, whatever its end', async () => {
    const reservation = await limits.admit(permitted({ quotas: [quota()], action: 'tool.list' }), admission(charge(0)));
    expect(reservation.standings).toMatchObject([{ remaining: 59 }]);
    reservation.settle(charge(0));
    reservation.release();
    await schedule.run(RENEWAL);
    expect(store.asked).toEqual(['admit']);
  });

  test('asks nothing for a list without quotas while an upstream has said its pace', async () => {
    limits.heard(permitted({ quotas: [], tenant: 't' }), clock.now() + SECOND);
    const list = permitted({ quotas: [], action: 'tool.list', resource: 'tool/github/', tenant: 't' });
    expect((await limits.admit(list, admission(charge(0)))).standings).toEqual([]);
    expect(store.asked).toEqual([]);
  });

  test('books the end of a list that held something, on no run', async () => {
    const list = permitted({ quotas: [AT_ONCE], action: 'tool.list', tenant: 't' });
    const reservation = await limits.admit(list, admission(charge(0)));
    reservation.settle(charge(0));
    await turns();
    expect(store.asked).toEqual(['admit', 'settle']);
  });

  test('refuses a call whose run the store was asked for in vain, without asking it again', async () => {
    const call = permitted({ quotas: [], tenant: 't' });
    const run = { ...call.access.run, tree: UNHEARD_TREE };
    await expect(
      limits.admit({ ...call, access: { ...call.access, run } }, admission(charge(1))),
    ).rejects.toMatchObject({
      code: 'limit.unavailable',
    });
    expect(store.asked).toEqual([]);
  });

  test('a call without quotas is a step of its run all the same, and its end is booked there', async () => {
    const reservation = await limits.admit(permitted({ quotas: [] }), admission(charge(400)));
    expect(reservation.standings).toEqual([]);
    reservation.settle(charge(1));
    reservation.release();
    await turns();
    expect(store.asked).toEqual(['admit', 'settle']);
  });

  test('refuses by the first quota that does not fit', async () => {
    const call = permitted({ quotas: [TOKENS, { ...BUDGET, amount: 10 }], tenant: 't' });
    await expect(limits.admit(call, admission(charge(1, 11)))).rejects.toMatchObject({
      code: 'limit.budget',
      rule: 'research/month',
    });
    expect(await tokens('t')).toEqual({ settled: 0, held: 0 });
  });

  test('refuses a tenant whose ledger is lost, also its lists', async () => {
    limits = make({ store: { ...store, admit: async () => ({ kind: 'lost' }) } });
    const call = permitted({ quotas: [quota()], tenant: 'acme', action: 'model.list', resource: 'model/openai/' });
    await expect(limits.admit(call, admission(charge(0)))).rejects.toMatchObject({
      code: 'limit.lost',
      message: expect.stringContaining('tenant `acme`'),
    });
  });

  describe('whose store does not answer', () => {
    test('refuses, and takes back what may have been booked all the same', async () => {
      store.down = new Error('no answer within 150 ms');
      store.works = true;
      const refused = limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(400)));
      await expect(refused).rejects.toMatchObject({ code: 'limit.unavailable' });
      store.down = undefined;
      await schedule.run(SECOND);
      expect(store.asked).toContain('release');
      expect(await tokens('t')).toEqual({ settled: 0, held: 0 });
    });

    test('has nothing to take back where it was not even asked', async () => {
      store.down = new NotAsked('not connected');
      await expect(limits.admit(permitted({ quotas: [TOKENS] }), admission(charge(400)))).rejects.toThrow(
        'limits cannot be checked',
      );
      await turns();
      expect(store.asked).toEqual(['admit']);
    });

    test('lets listings and token counts pass, unreserved and counted, and nothing else', async () => {
      store.down = new NotAsked('not connected');
      for (const [action, resource] of [
        ['model.list', 'model/openai/'],
        ['model.count', 'model/openai/gpt'],
        ['tool.list', 'tool/github/'],
      ] as const) {
        expect(
          (await limits.admit(permitted({ quotas: [quota()], action, resource }), admission(charge(0)))).standings,
        ).toEqual([]);
      }
      expect(bypassed).toEqual(['model.list', 'model.count', 'tool.list']);
      for (const action of ['model.generate', 'model.embed', 'tool.call', 'resource.read', 'prompt.get'] as const) {
        await expect(
          limits.admit(permitted({ quotas: [quota()], action }), admission(charge(0))),
        ).rejects.toBeInstanceOf(GatewayError);
      }
      expect(bypassed).toHaveLength(3);
    });

    test('books an end as soon as it answers again', async () => {
      const reservation = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(400)));
      store.down = new Error('down');
      reservation.settle(charge(90));
      await turns();
      clock.advance(30_000);
      await schedule.run(SECOND);
      store.down = undefined;
      expect(await tokens('t')).toEqual({ settled: 0, held: 400 });
      await schedule.run(SECOND);
      expect(await tokens('t')).toEqual({ settled: 90, held: 0 });
      expect(store.asked.filter((name) => name === 'settle')).toHaveLength(3);
      await schedule.run(SECOND);
      expect(store.asked.filter((name) => name === 'settle')).toHaveLength(3);
      expect(givenUp).toEqual([]);
    });

    test('gives an end up when its lease has lapsed, and says so: the lease charges in full', async () => {
      const call = permitted({ quotas: [TOKENS], tenant: 't' });
      const reservation = await limits.admit(call, admission(charge(400)));
      store.down = new Error('down');
      reservation.settle(charge(90));
      await turns();
      clock.advance(MINUTE);
      await schedule.run(SECOND);
      expect(givenUp).toEqual([call.id]);
      store.down = undefined;
      await schedule.run(SECOND);
      expect(await tokens('t')).toEqual({ settled: 400, held: 0 });
    });

    test('keeps a bounded number of ends waiting', async () => {
      const many = { ...AT_ONCE, amount: 20_000 };
      const calls = Array.from({ length: 10_003 }, () => permitted({ quotas: [many], tenant: 't' }));
      const reservations = await Promise.all(calls.map((call) => limits.admit(call, admission(charge(0)))));
      store.down = new Error('down');
      for (const reservation of reservations) reservation.release();
      await turns();
      expect(givenUp).toHaveLength(3);
    });
  });

  describe('of calls that run for long', () => {
    test('renews their leases, all of a tenant at once, three times per lease', async () => {
      const first = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(300)));
      const second = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(300)));
      await limits.admit(permitted({ quotas: [TOKENS], tenant: 'other' }), admission(charge(300)));
      for (let i = 0; i < 12; i += 1) {
        clock.advance(RENEWAL);
        await schedule.run(RENEWAL);
      }
      expect(store.asked.filter((name) => name === 'renew')).toHaveLength(24);
      expect(await tokens('t')).toEqual({ settled: 0, held: 600 });
      first.settle(charge(10));
      second.settle(charge(10));
      await schedule.run(RENEWAL);
      expect(store.asked.filter((name) => name === 'renew')).toHaveLength(25);
      expect(await tokens('t')).toEqual({ settled: 20, held: 0 });
    });

    test('goes on where one renewal fails', async () => {
      const reservation = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(300)));
      store.down = new Error('down');
      clock.advance(RENEWAL);
      await schedule.run(RENEWAL);
      store.down = undefined;
      clock.advance(RENEWAL);
      await schedule.run(RENEWAL);
      clock.advance(2 * RENEWAL);
      reservation.settle(charge(10));
      await turns();
      expect(await tokens('t')).toEqual({ settled: 10, held: 0 });
    });
  });

  test('that is closed books what waits, waits for what is under way, and stops its timers', async () => {
    const reservations = await Promise.all(
      [1, 2].map(() => limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(300)))),
    );
    store.down = new Error('down');
    reservations[0]?.settle(charge(10));
    await turns();
    store.down = undefined;
    reservations[1]?.settle(charge(20));
    await limits.close();
    expect(await tokens('t')).toEqual({ settled: 30, held: 0 });
    expect(schedule.periods).toEqual([]);
  });

  test('works with timers of its own, and keeps no process alive by them', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const own = reserver({ store, clock });
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
    store.down = new NotAsked('not connected');
    const list = permitted({ quotas: [quota()], action: 'tool.list', resource: 'tool/github/' });
    await expect(own.admit(list, admission(charge(0)))).resolves.toMatchObject({ standings: [] });
    await own.close();
  });

  test('tells nobody where nobody asks to be told of an end given up', async () => {
    limits = make();
    const reservation = await limits.admit(permitted({ quotas: [TOKENS], tenant: 't' }), admission(charge(300)));
    store.down = new Error('down');
    clock.advance(2 * MINUTE);
    reservation.settle(charge(10));
    clock.advance(2 * MINUTE);
    await expect(limits.close()).resolves.toBeUndefined();
  });
});
