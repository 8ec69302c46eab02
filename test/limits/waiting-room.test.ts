// The waiting room as calls meet it: behind a reserver, with a real ledger.
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Quota } from '../../src/core/quota.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import type { Wait } from '../../src/limits/admission.ts';
import { type Reserver, reserver } from '../../src/limits/reserve.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { NotAsked, unavailable } from '../../src/limits/unavailable.ts';
import { admission, AT_ONCE, BUDGET, type CallParts, charge, NO_WAIT, permitted, quota } from './calls.ts';
import { type TestClock, testClock } from './ledger.ts';
import { type HandSchedule, handSchedule, turns } from './timers.ts';

const WAITING = { ...NO_WAIT, waitMs: 20_000 };
const ONE = { ...AT_ONCE, amount: 1 };
const PACE = quota({ amount: 2, window: { kind: 'rolling', ms: 6_000 } });
const TOKENS = quota({ id: 'research/tokens', unit: 'tokens', amount: 100 });

interface Asked {
  readonly reservation: Promise<Reservation>;
  /** `waits`, `in`, or the code of the refusal. */
  state: string;
  error: GatewayError | undefined;
  leave(): void;
}

describe('a call that has no room now', () => {
  let clock: TestClock;
  let schedule: HandSchedule;
  let down: Error | undefined;
  let asks: number;
  let store: LedgerStore;
  let limits: Reserver;
  let waits: Wait[];
  let traced: string[];

  /** Happens while the ledger answers. */
  let answering: () => void | Promise<void>;

  function begin(): void {
    answering = () => {};
    clock = testClock();
    schedule = handSchedule();
    down = undefined;
    asks = 0;
    waits = [];
    traced = [];
    const memory = memoryStore({ clock });
    store = {
      ...memory,
      async admit(request) {
        asks += 1;
        if (down) throw unavailable(down);
        const result = await memory.admit(request);
        await answering();
        return result;
      },
    };
    limits = reserver({ store, clock, schedule, random: () => 0, onWaited: (wait) => void waits.push(wait) });
  }

  beforeEach(begin);

  /** A call of tenant `t` that wants in. */
  function ask(
    quotas: readonly Quota[],
    parts: Partial<CallParts> & { tokens?: number; waiting?: typeof WAITING } = {},
  ): Asked {
    const { tokens = 1, waiting = WAITING, ...rest } = parts;
    const listeners: (() => void)[] = [];
    const reservation = limits.admit(
      permitted({ quotas, tenant: 't', ...rest }),
      admission(charge(tokens), {
        waiting,
        request: { onAbort: (listener) => void listeners.push(listener) },
        trace: { waited: ({ limit }) => void traced.push(limit) },
      }),
    );
    const asked: Asked = {
      reservation,
      state: 'waits',
      error: undefined,
      leave: () => listeners.forEach((left) => left()),
    };
    reservation.then(
      () => void (asked.state = 'in'),
      (error: GatewayError) => {
        asked.error = error;
        asked.state = error.code;
      },
    );
    return asked;
  }

  test('waits for a rate until its window lets go, asking once', async () => {
    const [first, second, third] = [ask([PACE]), ask([PACE]), ask([PACE])];
    await turns();
    expect([first.state, second.state, third.state]).toEqual(['in', 'in', 'waits']);
    expect(limits.waiting).toBe(1);
    const before = asks;
    await schedule.pass(5_900, clock);
    expect([third.state, asks]).toEqual(['waits', before]);
    await schedule.pass(300, clock);
    expect([third.state, asks]).toEqual(['in', before + 1]);
    expect(waits).toEqual([{ ms: expect.closeTo(6_099, -2), limit: 'research/pace', outcome: 'admitted' }]);
    expect(traced).toEqual(['research/pace']);
    expect([limits.waiting, schedule.pending]).toEqual([0, 0]);
  });

  test('waits for what another call holds, and comes in when that ends', async () => {
    const first = ask([ONE]);
    const second = ask([ONE]);
    await turns();
    expect(second.state).toBe('waits');
    (await first.reservation).release();
    await turns();
    expect(second.state).toBe('in');
  });

  test('finds what other processes have ended by looking now and then, less and less often', async () => {
    const holder = permitted({ quotas: [ONE], tenant: 't' });
    const elsewhere = await reserver({ store, clock, schedule }).admit(holder, admission(charge(1)));
    const second = ask([ONE]);
    await turns();
    const before = asks;
    await schedule.pass(2_000, clock);
    expect([second.state, asks - before]).toEqual(['waits', 6]);
    elsewhere.release();
    await schedule.pass(500, clock);
    expect(second.state).toBe('in');
  });

  test('looks now and then, and not without a pause, where a rate is taken by candidates of running calls', async () => {
    const perModel = quota({ amount: 1, per: ['model'] });
    const [large, small] = ['model/openai/large', 'model/openai/small'].map((resource) =>
      permitted({ quotas: [perModel], tenant: 't', resource }),
    ) as [PermittedCall, PermittedCall];
    const holder = reserver({ store, clock, schedule });
    const elsewhere = await holder.admit({ ...large, fallbacks: [small] }, admission(charge(1)));
    answering = () => {
      if (asks > 100) throw new Error('asked again and again');
    };
    const second = ask([perModel], { resource: 'model/openai/small' });
    await turns();
    const before = asks;
    await schedule.pass(2_000, clock);
    expect([second.state, asks - before]).toEqual(['waits', 6]);
    elsewhere.settle(charge(1), large);
    await schedule.pass(500, clock);
    expect(second.state).toBe('in');
  });

  test.each([
    ['a budget that is spent', [{ ...BUDGET, unit: 'tokens' as const, amount: 100 }], 100, 'limit.budget'],
    ['more than the whole limit', [TOKENS], 101, 'limit.rate'],
  ])('is refused at once for %s', async (_, quotas, tokens, code) => {
    const first = ask(quotas, { tokens: 60 });
    await turns();
    (await first.reservation).settle(charge(60));
    await turns();
    const second = ask(quotas, { tokens });
    await turns();
    expect(second.state).toBe(code);
  });

  test('is refused at once by a rate that lets go too late', async () => {
    const slow = quota({ amount: 1, window: { kind: 'rolling', ms: 3_600_000 } });
    ask([slow]);
    const second = ask([slow]);
    await turns();
    expect([second.state, second.error?.retryAfterMs]).toEqual(['limit.rate', 20_000]);
  });

  test('is refused at once where another quota in its way is spent, and told of that one', async () => {
    const spent = { ...BUDGET, unit: 'tokens' as const, amount: 100 };
    (await ask([spent], { tokens: 100 }).reservation).settle(charge(100));
    const holder = ask([ONE]);
    await turns();
    const second = ask([ONE, spent], { tokens: 5 });
    await turns();
    expect([holder.state, second.state]).toEqual(['in', 'limit.budget']);
  });

  test('waits for a budget that running calls hold, and past its wait is told to try again', async () => {
    const budget = { ...BUDGET, unit: 'tokens' as const, amount: 100 };
    ask([budget], { tokens: 80 });
    const second = ask([budget], { tokens: 30 });
    await turns();
    expect(second.state).toBe('waits');
    await schedule.pass(20_000, clock);
    expect([second.state, second.error?.status, second.error?.retryAfterMs]).toEqual(['limit.held', 429, 1_000]);
    expect(second.error?.message).toContain('20 s of waiting brought no room');
    expect(waits).toMatchObject([{ ms: 20_000, outcome: 'given_up' }]);
    expect(limits.waiting).toBe(0);
  });

  test('waits as long as its limit says, where it says so', async () => {
    const patient = ask([{ ...ONE, id: 'a/b', waitMs: 50_000 }]);
    const [still, gone, never] = [
      ask([{ ...ONE, id: 'a/b', waitMs: 50_000 }]),
      ask([{ ...ONE, id: 'a/b', waitMs: 10 }]),
      ask([{ ...ONE, id: 'a/b', waitMs: 0 }]),
    ];
    await turns();
    expect([patient.state, never.state]).toEqual(['in', 'limit.concurrency']);
    await schedule.pass(10, clock);
    expect(gone.state).toBe('limit.concurrency');
    await schedule.pass(49_000, clock);
    expect(still.state).toBe('waits');
    await schedule.pass(1_000, clock);
    expect(still.state).toBe('limit.concurrency');
  });

  test('does not pass those that wait, though there is room for it', async () => {
    const first = ask([TOKENS], { tokens: 90 });
    await turns();
    const large = ask([TOKENS], { tokens: 50 });
    await turns();
    const before = asks;
    const small = ask([TOKENS], { tokens: 5, subject: 'bob' });
    await turns();
    expect([first.state, large.state, small.state, asks]).toEqual(['in', 'waits', 'waits', before]);
    await schedule.pass(50, clock);
    expect([large.state, small.state]).toEqual(['waits', 'in']);
  });

  test('a swarm does not keep one call of another principal out', async () => {
    const holder = ask([ONE]);
    await turns();
    const swarm = Array.from({ length: 300 }, (_, index) => ask([ONE], { run: `run-${index}` }));
    await turns();
    const person = ask([ONE], { subject: 'bob' });
    await turns();
    (await holder.reservation).release();
    await turns();
    const taken = swarm.find(({ state }) => state === 'in') as Asked;
    expect(swarm.filter(({ state }) => state === 'in')).toHaveLength(1);
    (await taken.reservation).release();
    await turns();
    expect(person.state).toBe('in');
  });

  test('moves to another lane where something else blocks it next, and keeps its age', async () => {
    const other = { ...AT_ONCE, id: 'research/other', amount: 1 };
    const [one, two] = [ask([ONE]), ask([other])];
    const both = ask([ONE, other]);
    await turns();
    await schedule.pass(15_000, clock);
    (await one.reservation).release();
    await turns();
    expect(both.state).toBe('waits');
    await schedule.pass(4_000, clock);
    (await two.reservation).release();
    await turns();
    expect(both.state).toBe('in');
    expect(waits).toEqual([{ ms: 19_000, limit: 'research/at-once', outcome: 'admitted' }]);
  });

  test('leaves the queue when its client goes away, and gives back what it was being given', async () => {
    const first = ask([ONE]);
    const [second, third] = [ask([ONE]), ask([ONE])];
    await turns();
    second.leave();
    second.leave();
    await turns();
    expect([second.state, limits.waiting]).toEqual(['request.aborted', 1]);
    answering = () => third.leave();
    (await first.reservation).release();
    await turns();
    expect([third.state, limits.waiting]).toEqual(['request.aborted', 0]);
    const fourth = ask([ONE]);
    await turns();
    expect(fourth.state).toBe('in');
    expect(waits.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  });

  test('waits on where its client cannot abort it', async () => {
    ask([ONE]);
    const second = ask([ONE], { abortable: false });
    await turns();
    second.leave();
    await turns();
    expect(second.state).toBe('waits');
  });

  test('is not lost where its client goes away while others are still answered', async () => {
    const first = ask([TOKENS], { tokens: 100 });
    await turns();
    const waiting = [ask([TOKENS], { tokens: 70 }), ask([TOKENS], { tokens: 70 })];
    await turns();
    answering = () => waiting[0]?.leave();
    await schedule.pass(50, clock);
    (await first.reservation).release();
    await turns();
    expect(waiting.map(({ state }) => state)).toEqual(['request.aborted', 'in']);
    expect([limits.waiting, schedule.pending]).toEqual([0, 0]);
  });

  test.each([
    ['comes in', true, 'in'],
    ['is refused', false, 'limit.concurrency'],
  ])('whose wait is over while it asks hears the answer first, and then %s', async (_, isFree, state) => {
    const first = ask([ONE]);
    const second = ask([ONE]);
    await turns();
    if (isFree) (await first.reservation).release();
    const answer = Promise.withResolvers<void>();
    answering = () => answer.promise;
    await schedule.pass(20_000, clock);
    expect(second.state).toBe('waits');
    answer.resolve();
    await turns();
    expect([second.state, limits.waiting, schedule.pending]).toEqual([state, 0, 0]);
  });

  test('whose wait is over while it asks does not wait on, though the clock was set back', async () => {
    ask([ONE]);
    const second = ask([ONE]);
    await turns();
    const answer = Promise.withResolvers<void>();
    answering = () => answer.promise;
    await schedule.pass(20_000, clock);
    clock.advance(-30_000);
    answer.resolve();
    await turns();
    expect([second.state, limits.waiting]).toEqual(['limit.concurrency', 0]);
  });

  test('waits for a rate of tokens until its window lets go, and looks in between', async () => {
    const rate = quota({ unit: 'tokens', amount: 100, window: { kind: 'rolling', ms: 6_000 } });
    (await ask([rate], { tokens: 80 }).reservation).settle(charge(80));
    const second = ask([rate], { tokens: 80 });
    await turns();
    const before = asks;
    await schedule.pass(5_900, clock);
    expect(second.state).toBe('waits');
    expect(asks - before).toBeGreaterThan(10);
    await schedule.pass(300, clock);
    expect(second.state).toBe('in');
  });

  test('scatters its looks by the process’s own chance where no other is given', async () => {
    const own = reserver({ store, clock, schedule });
    const calls = [1, 2].map(() =>
      own.admit(permitted({ quotas: [ONE], tenant: 't' }), admission(charge(1), { waiting: WAITING })),
    );
    await turns();
    (await calls[0])?.release();
    await schedule.pass(100, clock);
    await expect(calls[1]).resolves.toMatchObject({ standings: [{ remaining: 0 }] });
  });

  test('finds no place past what may wait in all, and past what may of its tenant', async () => {
    const few = { ...WAITING, waitingMax: 3, waitingPerTenantMax: 2 };
    const holders = ['t', 'u', 'v'].map((tenant) => ask([ONE], { tenant, waiting: few }));
    await turns();
    const own = [1, 2, 3].map(() => ask([ONE], { waiting: few }));
    const [other, last] = ['u', 'v'].map((tenant) => ask([ONE], { tenant, waiting: few })) as [Asked, Asked];
    await turns();
    expect(own.map(({ state }) => state)).toEqual(['waits', 'waits', 'limit.concurrency']);
    expect([other.state, last.state]).toEqual(['waits', 'limit.concurrency']);
    expect(waits.map(({ outcome }) => outcome)).toEqual(['full', 'full']);
    (await (holders[1] as Asked).reservation).release();
    await turns();
    const again = ask([ONE], { tenant: 'v', waiting: few });
    await turns();
    expect(again.state).toBe('waits');
  });

  test('finds no place where the bodies that wait take too much memory', async () => {
    const large = 33_554_432;
    ask([ONE], { bytes: 1 });
    await turns();
    const three = [1, 2, 3].map(() => ask([ONE], { bytes: large }));
    await turns();
    expect(three.map(({ state }) => state)).toEqual(['waits', 'waits', 'limit.concurrency']);
  });

  test('is refused by the ledger it waits for as soon as one finds that it is gone; a list passes', async () => {
    ask([ONE]);
    await turns();
    const calls = [ask([ONE]), ask([ONE])];
    const list = ask([ONE], { action: 'tool.list', resource: 'tool/github/' });
    await turns();
    down = new NotAsked('not connected');
    const before = asks;
    await schedule.pass(50, clock);
    expect([...calls, list].map(({ state }) => state)).toEqual(['limit.unavailable', 'limit.unavailable', 'in']);
    expect(asks - before).toBe(1);
  });

  test('comes in unreserved where it is a list and finds the ledger gone itself', async () => {
    ask([ONE]);
    await turns();
    const list = ask([ONE], { action: 'tool.list', resource: 'tool/github/' });
    await turns();
    down = new NotAsked('not connected');
    await schedule.pass(50, clock);
    expect(list.state).toBe('in');
  });

  test('ends its wait when the gateway is drained, and nobody waits from then on', async () => {
    ask([ONE]);
    const second = ask([ONE]);
    await turns();
    limits.endWaits(new GatewayError('gateway.draining', 'shutting down'));
    const third = ask([ONE]);
    await turns();
    expect([second.state, third.state, limits.waiting]).toEqual(['gateway.draining', 'gateway.draining', 0]);
  });

  test('no admission passes a limit, nobody waits for ever, and each call of a rate gets its turn', async () => {
    const steps = fc.array(
      fc.record({
        passMs: fc.constantFrom(0, 0, 10, 60, 1_000, 7_000, 21_000),
        asks: fc.array(
          fc.record({
            who: fc.constantFrom('ada', 'bob', 'eve'),
            run: fc.constantFrom('x', 'y'),
            tokens: fc.integer({ min: 1, max: 100 }),
            quotas: fc.constantFrom([TOKENS], [AT_ONCE], [PACE], [PACE, AT_ONCE], [TOKENS, PACE], [AT_ONCE, TOKENS]),
          }),
          { maxLength: 6 },
        ),
        end: fc.nat({ max: 4 }),
        leave: fc.nat({ max: 9 }),
      }),
      { minLength: 1, maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        begin();
        const all: { readonly asked: Asked; readonly tokens: number; readonly counts: boolean; ended: boolean }[] = [];
        for (const step of history) {
          await schedule.pass(step.passMs, clock);
          for (const { who, run, tokens, quotas } of step.asks) {
            const asked = ask(quotas, { subject: who, run, tokens });
            all.push({ asked, tokens, counts: quotas.includes(TOKENS), ended: false });
          }
          all.at(-step.leave)?.asked.leave();
          await turns();
          for (const one of all.filter(({ asked, ended }) => asked.state === 'in' && !ended).slice(0, step.end)) {
            one.ended = true;
            (await one.asked.reservation).release();
          }
          await turns();
          const held = all.filter(({ asked, counts, ended }) => asked.state === 'in' && counts && !ended);
          expect(held.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(TOKENS.amount);
          expect(all.filter(({ asked }) => asked.state === 'waits')).toHaveLength(limits.waiting);
        }
        await schedule.pass(20_001, clock);
        expect([limits.waiting, schedule.pending]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });
});
