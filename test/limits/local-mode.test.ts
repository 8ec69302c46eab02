// What a route may let through while the store does not answer, behind a reserver and over a ledger that comes back.
import { beforeEach, describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import type { LocalBounds } from '../../src/limits/local-bounds.ts';
import { type MemoryStore, memoryStore } from '../../src/limits/memory.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import { type Reserver, reserver } from '../../src/limits/reserve.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { evicts, NotAsked, storeCause, unavailable } from '../../src/limits/unavailable.ts';
import { admission, AT_ONCE, BUDGET, type CallParts, charge, NO_WAIT, permitted, quota } from './calls.ts';
import { asks, claim, MINUTE, statesOf, type TestClock, testClock } from './ledger.ts';
import { type HandSchedule, handSchedule, turns } from './timers.ts';

const SECOND = 1_000;
const TOKENS = quota({ id: 'research/tokens', unit: 'tokens', amount: 1_000 });
const BOUNDS: LocalBounds = {
  name: 'openai',
  rate: { amount: 5, ms: MINUTE },
  total: { amount: 8, ms: MINUTE },
  budget: 1_000 as MicroUsd,
  forMs: 10 * MINUTE,
};

describe('a route with a local mode, while the store does not answer', () => {
  let clock: TestClock;
  let schedule: HandSchedule;
  let memory: MemoryStore;
  let store: LedgerStore;
  let limits: Reserver;
  let down: Error | undefined;
  /** Whether it does what it is asked all the same. */
  let works: boolean;
  let lost: boolean;
  let bypassed: string[];
  let unbooked: string[];
  let bounds: LocalBounds;

  beforeEach(() => {
    clock = testClock();
    schedule = handSchedule();
    memory = memoryStore({ clock });
    [down, works, lost, bypassed, unbooked, bounds] = [undefined, false, false, [], [], BOUNDS];
    async function ask<T>(work: () => Promise<T>): Promise<T> {
      if (down && works) await work();
      if (down) throw unavailable(down);
      return work();
    }
    store = {
      ...memory,
      admit: (request) => ask(() => (lost ? Promise.resolve({ kind: 'lost' }) : memory.admit(request))),
      settle: (request) => ask(() => memory.settle(request)),
      release: (tenant, call) => ask(() => memory.release(tenant, call)),
      renew: (tenant, calls, leaseMs) => ask(() => memory.renew(tenant, calls, leaseMs)),
    };
    limits = reserver({
      store,
      clock,
      schedule,
      onBypass: ({ localMode = '-' }, { cause }) => void bypassed.push(`${localMode} ${storeCause(cause)}`),
      onUnbooked: (call) => void unbooked.push(call),
    });
  });

  const GONE = new Error('no answer within 150 ms');
  const openAll = (): LocalBounds => bounds;

  function admit(call: PermittedCall, quote = charge(10, 100)): Promise<Reservation> {
    return limits.admit(call, admission(quote, { localBounds: openAll }));
  }

  const call = (parts: Partial<CallParts> = {}): PermittedCall =>
    permitted({ quotas: [TOKENS], tenant: 't', ...parts });

  async function refusal(asked: Promise<unknown>): Promise<GatewayError> {
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    if (!(error instanceof GatewayError)) throw new Error('it was let in');
    return error;
  }

  /** What the ledger has of `TOKENS`. */
  async function tokens(): Promise<{ settled: number; held: number }> {
    const probe = claim({ key: 'research/tokens:tokens', ask: 0, mode: 'spend', enforced: false });
    const [state] = statesOf(await memory.admit(asks('t', [probe])));
    return { settled: state?.settled ?? -1, held: state?.held ?? -1 };
  }

  test('lets a call in, names itself in it, tells of it, and says where its own limits stand', async () => {
    down = GONE;
    const reservation = await admit(call());
    expect(reservation.call.localMode).toBe('openai');
    expect(reservation.standings).toMatchObject([{ quota: TOKENS, remaining: 990 }]);
    expect(bypassed).toEqual(['openai no-answer']);
    expect(limits.localSinceMs).toBe(clock.now());
  });

  test('is closed where it is not asked for, and by anything but a store that is gone', async () => {
    down = GONE;
    await expect(limits.admit(call(), admission(charge(1)))).rejects.toMatchObject({ code: 'limit.unavailable' });
    store.admit = () => Promise.reject(evicts('allkeys-lru'));
    expect(await refusal(admit(call()))).toMatchObject({
      code: 'limit.unavailable',
      message: unavailable(GONE).message,
    });
    store.admit = () => Promise.reject(new TypeError('bug'));
    expect(await refusal(admit(call()))).toMatchObject({ code: 'gateway.internal' });
    expect(bypassed).toEqual([]);
  });

  test('refuses past the rate of one caller, says which, and lets others in until the rate of all is used up', async () => {
    down = GONE;
    for (let index = 0; index < 5; index += 1) await admit(call(), charge(1, 1));
    expect(await refusal(admit(call(), charge(1, 1)))).toMatchObject({
      code: 'limit.unavailable',
      retryAfterMs: 2_000,
      message: expect.stringContaining('its rate of 5 calls in 60 s for one caller is used up'),
    });
    for (let index = 0; index < 3; index += 1) await admit(call({ tenant: 'u', subject: `s${index}` }), charge(1, 1));
    const { message } = await refusal(admit(call({ tenant: 'v' }), charge(1, 1)));
    expect(message).toContain('its rate of 8 calls in 60 s for all callers is used up');
    clock.advance(2 * MINUTE);
    await admit(call(), charge(1, 1));
  });

  test('reserves the worst that a call may cost, keeps what it did cost, and refuses what the budget has no room for', async () => {
    down = GONE;
    const first = await admit(call(), charge(1, 900));
    const { message } = await refusal(admit(call(), charge(1, 101)));
    expect(message).toContain('of 0.001 USD too little is left that the ledger does not know of');
    await admit(call({ tenant: 'u' }), charge(1, 101));
    first.settle(charge(1, 500));
    const second = await admit(call(), charge(1, 500));
    await refusal(admit(call(), charge(1, 1)));
    second.release();
    await admit(call(), charge(1, 500));
  });

  test('keeps the limits of the policies too, as far as one process can', async () => {
    down = GONE;
    await admit(call({ quotas: [AT_ONCE] }));
    const second = await admit(call({ quotas: [AT_ONCE] }));
    const error = await refusal(admit(call({ quotas: [AT_ONCE] }), charge(1, 600)));
    expect(error).toMatchObject({ code: 'limit.unavailable', rule: 'research/at-once' });
    expect(error.message).toContain('`research/at-once` is used up');
    second.settle(charge(1, 1));
    await admit(call({ quotas: [AT_ONCE] }));
    await admit(call({ quotas: [{ ...BUDGET, amount: 50 }] }), charge(1, 50)).then((one) => one.settle(charge(1, 30)));
    expect(await refusal(admit(call({ quotas: [{ ...BUDGET, amount: 50 }] }), charge(1, 50)))).toMatchObject({
      rule: 'research/month',
    });
    // One that was refused holds nothing.
    await admit(call({ subject: 'other' }), charge(1, 700));
  });

  test('is over when its time is, until the store has answered the tenant once', async () => {
    down = GONE;
    await admit(call());
    clock.advance(10 * MINUTE - 1);
    await admit(call());
    clock.advance(1);
    expect((await refusal(admit(call()))).message).toContain('its 600 s are over');
    await admit(call({ tenant: 'u' }));
    down = undefined;
    await admit(call());
    down = GONE;
    await admit(call());
  });

  test('books what calls have spent as soon as the store answers, once, whatever its limits say', async () => {
    const before = await admit(call(), charge(990));
    down = GONE;
    const [ended, running, unsent] = [await admit(call()), await admit(call()), await admit(call())];
    ended.settle(charge(7, 70));
    ended.settle(charge(9, 90));
    ended.release();
    unsent.release();
    await schedule.run(SECOND);
    expect(await tokens()).toEqual({ settled: 0, held: 990 });
    down = undefined;
    await schedule.run(SECOND);
    expect(await tokens()).toEqual({ settled: 7, held: 1_000 });
    expect(limits.localSinceMs).toBeUndefined();
    running.settle(charge(8, 80));
    before.settle(charge(100));
    await turns();
    await schedule.run(SECOND);
    expect(await tokens()).toEqual({ settled: 115, held: 0 });
    expect(unbooked).toEqual([]);
  });

  test('has its budget back once the ledger knows what was spent', async () => {
    down = GONE;
    const first = await admit(call(), charge(1, 1_000));
    first.settle(charge(1, 1_000));
    const other = await admit(call({ tenant: 'u' }), charge(1, 1_000));
    await refusal(admit(call(), charge(1, 1)));
    down = undefined;
    await schedule.run(SECOND);
    other.settle(charge(1, 600));
    down = GONE;
    await admit(call(), charge(1, 1_000));
    await admit(call({ tenant: 'u' }), charge(1, 1_000));
  });

  test('counts once what the store had booked though it did not say so', async () => {
    [down, works] = [GONE, true];
    const reservation = await admit(call());
    expect(await tokens()).toEqual({ settled: 0, held: 10 });
    reservation.settle(charge(7, 70));
    await turns();
    await schedule.run(SECOND);
    [down, works] = [undefined, false];
    await schedule.run(SECOND);
    await schedule.run(SECOND);
    expect(await tokens()).toEqual({ settled: 7, held: 0 });
  });

  test('takes nothing over while it waits for the answers to what it has asked', async () => {
    down = new NotAsked('down');
    await admit(call());
    down = undefined;
    let asked = 0;
    let answer = (): void => {};
    store.admit = async (request) => {
      asked += 1;
      await new Promise<void>((resolve) => (answer = resolve));
      return memory.admit(request);
    };
    await schedule.run(SECOND);
    await schedule.run(SECOND);
    expect(asked).toBe(1);
    answer();
    await turns();
    expect(await tokens()).toEqual({ settled: 0, held: 10 });
  });

  test('stays closed to a tenant whose ledger was lost, also when the store then goes', async () => {
    lost = true;
    expect(await refusal(admit(call()))).toMatchObject({ code: 'limit.lost' });
    down = GONE;
    expect(await refusal(admit(call()))).toMatchObject({ code: 'limit.unavailable' });
    await admit(call({ tenant: 'u' }));
    [down, lost] = [undefined, false];
    await admit(call());
    down = GONE;
    await admit(call());
  });

  test('leaves to the audit what a ledger that came back lost was to be told of', async () => {
    down = GONE;
    const { call: letIn } = await admit(call());
    [down, lost] = [undefined, true];
    await schedule.run(SECOND);
    expect(unbooked).toEqual([letIn.id]);
    expect(await refusal(admit(call()))).toMatchObject({ code: 'limit.lost' });
  });

  test('lets calls in that waited for room when the store went', async () => {
    const one = { ...AT_ONCE, amount: 1 };
    const waiting = { ...NO_WAIT, waitMs: 20_000 };
    const ask = (subject: string): Promise<Reservation> =>
      limits.admit(call({ quotas: [one], subject }), admission(charge(1, 1), { waiting, localBounds: openAll }));
    await ask('first');
    const [second, third] = [ask('second'), ask('third')];
    await turns();
    down = GONE;
    const error = refusal(third);
    await schedule.pass(SECOND, clock);
    expect((await second).call.localMode).toBe('openai');
    expect((await error).message).toContain('`research/at-once` is used up');
  });

  test('goes to those candidates alone that have the same bounds', async () => {
    down = GONE;
    const [closed, open, same, other] = ['a', 'b', 'b', 'c'].map((name) =>
      permitted({ quotas: [TOKENS], tenant: 't', resource: `model/${name}/gpt` }),
    ) as [PermittedCall, PermittedCall, PermittedCall, PermittedCall];
    const asked = { ...closed, fallbacks: [open, same, other] };
    const by: Readonly<Record<string, LocalBounds>> = { b: BOUNDS, c: { ...BOUNDS, name: 'c' } };
    const localBounds = ({ access }: PermittedCall): LocalBounds | undefined => by[access.resource.upstream];
    const reservation = await limits.admit(asked, admission(charge(10, 100), { localBounds }));
    expect(
      [reservation.call, ...reservation.call.fallbacks].map(({ access, localMode }) => [access, localMode]),
    ).toEqual([
      [open.access, 'openai'],
      [same.access, 'openai'],
    ]);
    reservation.settle(charge(4, 40), reservation.call.fallbacks[0]);
    down = undefined;
    await schedule.run(SECOND);
    expect(await tokens()).toEqual({ settled: 4, held: 0 });
    down = GONE;
    const only = { ...closed, fallbacks: [] };
    expect(await refusal(limits.admit(only, admission(charge(1), { localBounds })))).toMatchObject({
      code: 'limit.unavailable',
    });
  });

  test('that is closed books what it can, and tells of what only the audit has', async () => {
    down = GONE;
    const booked = await admit(call());
    booked.settle(charge(3, 3));
    down = undefined;
    await limits.close();
    expect(await tokens()).toEqual({ settled: 3, held: 0 });
    expect(unbooked).toEqual([]);

    const other = reserver({ store, clock, schedule, onUnbooked: (id) => void unbooked.push(id) });
    down = GONE;
    const { call: left } = await other.admit(call(), admission(charge(1, 1), { localBounds: openAll }));
    await other.close();
    expect(unbooked).toEqual([left.id]);
    const quiet = reserver({ store, clock, schedule });
    await quiet.admit(call(), admission(charge(1, 1), { localBounds: openAll }));
    await quiet.close();
  });
});

test.each([
  [new NotAsked('down'), 'not-connected'],
  [new Error('no answer within 150 ms'), 'no-answer'],
  [new Error("OOM command not allowed when used memory > 'maxmemory'."), 'full'],
  [new Error('LOADING Redis is loading the dataset in memory'), 'not-serving'],
  [new Error('Connection is closed.'), 'not-connected'],
  [evicts('allkeys-lru').cause, 'evicting'],
  [new Error('WRONGTYPE'), 'error'],
  [undefined, 'error'],
])('%s is told as `%s`', (cause, word) => {
  expect(storeCause(cause)).toBe(word);
});
