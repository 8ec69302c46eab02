// What every ledger must do. Run on memory, and on Redis alone, behind Sentinel and as a Cluster.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, LedgerStore } from '../../src/limits/store.ts';
import {
  asks,
  callId,
  claim,
  concurrency,
  DAY,
  dayOf,
  freshTenant,
  HOUR,
  MINUTE,
  NOON,
  type TestClock,
  testClock,
} from './ledger.ts';

/** Makes a store that runs on the clock given. */
export type StoreMaker = (clock: TestClock) => LedgerStore | Promise<LedgerStore>;

export function ledgerContract(name: string, make: StoreMaker): void {
  describe(`the ledger contract: ${name}`, () => {
    const clock = testClock();
    let store: LedgerStore;
    let tenant: string;

    beforeAll(async () => {
      store = await make(clock);
    });
    afterAll(() => store.close());
    beforeEach(() => {
      clock.set(NOON);
      tenant = freshTenant();
    });

    const admit = (...claims: readonly Claim[]): Promise<AdmitResult> => store.admit(asks(tenant, claims));

    /** Admits and returns the call's id. */
    async function admitted(claims: readonly Claim[], parts: Partial<AdmitRequest> = {}): Promise<AdmitRequest> {
      const request = asks(tenant, claims, parts);
      expect(await store.admit(request)).toMatchObject({ kind: 'admitted' });
      return request;
    }

    /** Where a counter stands, asked for by a claim that changes nothing. */
    async function standing(parts: Partial<Claim> = {}): Promise<ClaimState> {
      const result = await admit(claim({ ...parts, ask: 0, mode: 'spend', enforced: false }));
      if (result.kind !== 'admitted') throw new Error(result.kind);
      return result.states[0] as ClaimState;
    }

    test('an admission holds what it asks, and says where the counter stands', async () => {
      expect(await admit(claim({ ask: 30 }))).toEqual({
        kind: 'admitted',
        states: [{ settled: 0, held: 30, resetMs: expect.any(Number), retryMs: 0 }],
      });
      expect(await standing()).toMatchObject({ settled: 0, held: 30 });
    });

    test('the last unit that fits is admitted, the next is refused', async () => {
      await admitted([claim({ ask: 99 })]);
      expect(await admit(claim({ ask: 2 }))).toMatchObject({ kind: 'exceeded', index: 0 });
      await admitted([claim({ ask: 1 })]);
      expect(await admit(claim({ ask: 1 }))).toMatchObject({ kind: 'exceeded', index: 0 });
    });

    test('a refusal books nothing, on no counter of the chain', async () => {
      const wide = claim({ key: 'wide', limit: 1_000 });
      const spent = claim({ key: 'spent', mode: 'spend' });
      expect(await admit(wide, spent, claim({ ask: 101 }))).toMatchObject({ kind: 'exceeded', index: 2 });
      expect(await standing({ key: 'wide' })).toMatchObject({ settled: 0, held: 0 });
      expect(await standing({ key: 'spent' })).toMatchObject({ settled: 0, held: 0 });
    });

    test('a chain of several links is admitted or refused as one', async () => {
      const links = (ask: number) => [
        { scope: 'call', claims: [claim({ key: 'own', ask })] },
        { scope: 'parent', claims: [claim({ key: 'parent', ask, limit: 50 })] },
      ];
      expect(await store.admit({ ...asks(tenant, []), chain: links(40) })).toMatchObject({ kind: 'admitted' });
      expect(await store.admit({ ...asks(tenant, []), chain: links(20) })).toMatchObject({
        kind: 'exceeded',
        index: 1,
      });
      expect(await standing({ key: 'own' })).toMatchObject({ held: 40 });
    });

    test('the first enforced claim that does not fit is named, whatever observed claims before it say', async () => {
      const observed = claim({ key: 'observed', ask: 500, enforced: false });
      expect(await admit(observed, claim({ key: 'fits' }), claim({ key: 'full', ask: 101 }))).toMatchObject({
        kind: 'exceeded',
        index: 2,
      });
    });

    test('an observed claim is booked past its limit and never refuses', async () => {
      await admitted([claim({ ask: 500, enforced: false })]);
      await admitted([claim({ ask: 500, enforced: false })]);
      expect(await standing()).toMatchObject({ held: 1_000 });
      expect(await admit(claim({ ask: 0 }))).toMatchObject({ kind: 'exceeded' });
    });

    test('two claims of one call on the same counter must fit together', async () => {
      expect(await admit(claim({ ask: 60 }), claim({ ask: 60 }))).toMatchObject({ kind: 'exceeded', index: 1 });
      await admitted([claim({ ask: 60 }), claim({ ask: 40 })]);
      expect(await standing()).toMatchObject({ held: 100 });
    });

    test('a settlement gives back what was held and books what was used', async () => {
      const { call } = await admitted([claim({ ask: 80 })]);
      expect(await store.settle({ tenant, call, actual: [25] })).toBe(true);
      expect(await standing()).toMatchObject({ settled: 25, held: 0 });
    });

    test('use above the reservation is booked as overdraft and stops the next call, even one that asks nothing', async () => {
      const { call } = await admitted([claim({ ask: 80 })]);
      await store.settle({ tenant, call, actual: [130] });
      expect(await standing()).toMatchObject({ settled: 130 });
      expect(await admit(claim({ ask: 0 }))).toMatchObject({ kind: 'exceeded', index: 0 });
    });

    test('a settlement that does not say what a claim used charges what it held', async () => {
      const { call } = await admitted([claim({ key: 'said', ask: 40 }), claim({ key: 'unsaid', ask: 40 })]);
      await store.settle({ tenant, call, actual: [10] });
      expect(await standing({ key: 'said' })).toMatchObject({ settled: 10, held: 0 });
      expect(await standing({ key: 'unsaid' })).toMatchObject({ settled: 40, held: 0 });
    });

    test('a released call gives everything back that it held, and nothing that it spent', async () => {
      const { call } = await admitted([claim({ key: 'rate', ask: 1, mode: 'spend' }), claim({ key: 'held', ask: 40 })]);
      expect(await store.release(tenant, call)).toBe(true);
      expect(await standing({ key: 'rate' })).toMatchObject({ settled: 1, held: 0 });
      expect(await standing({ key: 'held' })).toMatchObject({ settled: 0, held: 0 });
    });

    test('a reservation ends once: whatever comes later says false and changes nothing', async () => {
      const { call } = await admitted([claim({ ask: 40 })]);
      expect(await store.settle({ tenant, call, actual: [10] })).toBe(true);
      expect(await store.settle({ tenant, call, actual: [10] })).toBe(false);
      expect(await store.release(tenant, call)).toBe(false);
      expect(await standing()).toMatchObject({ settled: 10, held: 0 });
      const other = await admitted([claim({ ask: 40 })]);
      expect(await store.release(tenant, other.call)).toBe(true);
      expect(await store.release(tenant, other.call)).toBe(false);
      expect(await store.settle({ tenant, call: other.call, actual: [10] })).toBe(false);
      expect(await standing()).toMatchObject({ settled: 10, held: 0 });
    });

    test('a settlement of a call that nobody admitted says false', async () => {
      expect(await store.settle({ tenant, call: callId(), actual: [10] })).toBe(false);
    });

    test('spending is charged at the admission and has nothing to end', async () => {
      const { call } = await admitted([claim({ ask: 7, mode: 'spend' })]);
      expect(await standing()).toMatchObject({ settled: 7, held: 0 });
      expect(await store.settle({ tenant, call, actual: [50] })).toBe(false);
      expect(await standing()).toMatchObject({ settled: 7, held: 0 });
    });

    test('a call beside what it spends may hold, and its settlement passes over what was spent', async () => {
      const { call } = await admitted([claim({ key: 'rate', ask: 1, mode: 'spend' }), claim({ key: 'held', ask: 40 })]);
      expect(await store.settle({ tenant, call, actual: [99, 5] })).toBe(true);
      expect(await standing({ key: 'rate' })).toMatchObject({ settled: 1 });
      expect(await standing({ key: 'held' })).toMatchObject({ settled: 5, held: 0 });
    });

    test('an admission repeated gives the same answer and books nothing twice', async () => {
      const request = asks(tenant, [claim({ ask: 40 }), claim({ key: 'rate', ask: 1, mode: 'spend' })]);
      const first = await store.admit(request);
      clock.advance(100);
      expect(await store.admit(request)).toEqual(first);
      expect(await standing()).toMatchObject({ held: 40 });
      expect(await standing({ key: 'rate' })).toMatchObject({ settled: 1 });
    });

    test('an admission repeated after its call has ended gives the same answer and books nothing', async () => {
      const request = asks(tenant, [claim({ ask: 40 })]);
      const first = await store.admit(request);
      await store.settle({ tenant, call: request.call, actual: [4] });
      expect(await store.admit(request)).toEqual(first);
      expect(await standing()).toMatchObject({ settled: 4, held: 0 });
      const spending = asks(tenant, [claim({ key: 'rate', ask: 1, mode: 'spend' })]);
      expect(await store.admit(spending)).toEqual(await store.admit(spending));
      expect(await standing({ key: 'rate' })).toMatchObject({ settled: 1 });
    });

    test('a call id is free again a minute after its call has ended', async () => {
      const request = asks(tenant, [claim({ ask: 40 })]);
      await store.admit(request);
      await store.release(tenant, request.call);
      clock.advance(MINUTE);
      await store.admit(request);
      expect(await standing()).toMatchObject({ held: 40 });
    });

    test('an admission that arrives after its release books nothing and is refused', async () => {
      const request = asks(tenant, [claim({ ask: 40 })]);
      expect(await store.release(tenant, request.call)).toBe(false);
      await expect(store.admit(request)).rejects.toMatchObject({ code: 'limit.unavailable' });
      expect(await standing()).toMatchObject({ held: 0 });
      clock.advance(MINUTE);
      expect(await store.release(tenant, request.call)).toBe(false);
      await expect(store.admit(request)).rejects.toMatchObject({ code: 'limit.unavailable' });
    });

    test('a call without claims is admitted and has nothing to end', async () => {
      const request = asks(tenant, []);
      expect(await store.admit(request)).toEqual({ kind: 'admitted', states: [] });
      expect(await store.admit(request)).toEqual({ kind: 'admitted', states: [] });
      expect(await store.release(tenant, request.call)).toBe(false);
    });

    test('amounts up to the largest safe integer are kept exactly', async () => {
      const limit = Number.MAX_SAFE_INTEGER;
      const { call } = await admitted([claim({ ask: limit - 1, limit })]);
      expect(await admit(claim({ ask: 2, limit }))).toMatchObject({ kind: 'exceeded' });
      await store.settle({ tenant, call, actual: [limit - 1] });
      expect(await admit(claim({ ask: 1, limit }))).toMatchObject({ states: [{ settled: limit - 1, held: 1 }] });
    });

    test('tenants and keys never meet, whatever they are called', async () => {
      const names = ['', 'a', 'a:b', 'a}', '{a}', 'a b', 'a%20b', 'a\nb', '%', 'ü', '\ud800'];
      for (const one of names) {
        for (const key of names) {
          const request = asks(tenant + one, [claim({ key, ask: 60 })]);
          expect(await store.admit(request)).toMatchObject({ kind: 'admitted' });
        }
      }
      expect(await store.admit(asks('', [claim({ key: tenant })]))).toMatchObject({ kind: 'admitted' });
    });

    describe('a lease', () => {
      test('that has lapsed is charged in full by a later admission, and its call has ended', async () => {
        const { call } = await admitted([claim({ ask: 70 }), concurrency(1)], { leaseMs: 10_000 });
        clock.advance(9_999);
        expect(await admit(concurrency(1))).toMatchObject({ kind: 'exceeded' });
        clock.advance(1);
        await admitted([concurrency(1)]);
        expect(await standing()).toMatchObject({ settled: 70, held: 0 });
        expect(await store.settle({ tenant, call, actual: [1] })).toBe(false);
        expect(await store.release(tenant, call)).toBe(false);
        expect(await standing()).toMatchObject({ settled: 70, held: 0 });
      });

      test('that has lapsed cannot be settled, released or renewed, even before it is swept', async () => {
        const { call } = await admitted([claim({ ask: 70 })], { leaseMs: 10_000 });
        clock.advance(10_000);
        expect(await store.settle({ tenant, call, actual: [1] })).toBe(false);
        expect(await store.release(tenant, call)).toBe(false);
        await store.renew(tenant, [call], MINUTE);
        expect(await standing()).toMatchObject({ settled: 70, held: 0 });
      });

      test('is charged at the time it lapsed, so that an old crash does not refuse a new day', async () => {
        await admitted([claim({ ask: 70 }), claim({ key: 'daily', ask: 70, window: dayOf(NOON) })], {
          leaseMs: 10_000,
        });
        clock.advance(30_000);
        expect(await standing()).toMatchObject({ settled: 70 });
        await admitted([claim({ key: 'again', ask: 70 }), claim({ key: 'daily', ask: 30, window: dayOf(NOON) })], {
          leaseMs: 10_000,
        });
        clock.advance(DAY);
        expect(await standing({ key: 'again' })).toMatchObject({ settled: 0, held: 0 });
        expect(await standing({ key: 'daily', window: dayOf(clock.now()) })).toMatchObject({ settled: 0, held: 0 });
      });

      test('that lapsed in a period that is over is not charged to the next', async () => {
        const window = dayOf(NOON);
        await admitted([claim({ ask: 70, window })], { leaseMs: HOUR });
        clock.set(NOON + DAY);
        await admitted([claim({ key: 'other' })], { leaseMs: HOUR });
        expect(await standing({ window: dayOf(clock.now()) })).toMatchObject({ settled: 0, held: 0 });
      });

      test('swept only after its period was left is not charged to the next', async () => {
        for (let i = 0; i < 9; i += 1) await admitted([claim({ ask: 10, window: dayOf(NOON) })], { leaseMs: HOUR });
        clock.set(NOON + DAY);
        const today = { window: dayOf(clock.now()) };
        expect(await standing(today)).toMatchObject({ settled: 0, held: 10 });
        expect(await standing(today)).toMatchObject({ settled: 0, held: 0 });
      });

      test('that lapsed in a new period is charged to it, though a settlement began it later and nobody told it yet', async () => {
        const window = dayOf(NOON);
        await admitted([claim({ ask: 70, window })], { leaseMs: DAY / 2 + MINUTE });
        const { call } = await admitted([claim({ ask: 20, window })], { leaseMs: DAY });
        clock.set(NOON + DAY / 2 + 2 * MINUTE);
        await store.settle({ tenant, call, actual: [20] });
        expect(await standing({ window: dayOf(clock.now()) })).toMatchObject({ settled: 90, held: 0 });
      });

      test('renewed in time goes on', async () => {
        const { call } = await admitted([claim({ ask: 70 })], { leaseMs: 10_000 });
        clock.advance(9_000);
        await store.renew(tenant, [call, callId()], 10_000);
        clock.advance(9_000);
        expect(await standing()).toMatchObject({ held: 70 });
        expect(await store.settle({ tenant, call, actual: [1] })).toBe(true);
      });

      test('is never made shorter by a renewal', async () => {
        const { call } = await admitted([claim({ ask: 70 })], { leaseMs: MINUTE });
        await store.renew(tenant, [call], 10);
        clock.advance(30_000);
        expect(await store.settle({ tenant, call, actual: [1] })).toBe(true);
      });

      test('of many calls that crashed together is swept by as many admissions as it takes', async () => {
        for (let i = 0; i < 20; i += 1) await admitted([claim({ ask: 5 }), concurrency(20)], { leaseMs: 10_000 });
        clock.advance(10_000);
        expect(await standing()).toMatchObject({ settled: 40, held: 60 });
        expect(await standing()).toMatchObject({ settled: 80, held: 20 });
        expect(await standing()).toMatchObject({ settled: 100, held: 0 });
        await admitted([concurrency(1)]);
      });

      test('renewed by the hundred is renewed for every call', async () => {
        const calls = [];
        for (let i = 0; i < 250; i += 1) calls.push((await admitted([concurrency(250)], { leaseMs: 10_000 })).call);
        clock.advance(5_000);
        await store.renew(tenant, calls, 10_000);
        clock.advance(5_000);
        expect(await admit(concurrency(250))).toMatchObject({ kind: 'exceeded', states: [{ held: 250 }] });
      });
    });

    describe('a rolling window', () => {
      const rate = (parts: Partial<Claim> = {}): Claim => claim({ ask: 1, limit: 60, mode: 'spend', ...parts });

      test('counts spending for its whole length, and no longer than a sixtieth more', async () => {
        clock.set(NOON + 999);
        await admitted([rate({ ask: 60 })]);
        clock.set(NOON + 999 + MINUTE - 1);
        expect(await admit(rate())).toMatchObject({ kind: 'exceeded' });
        clock.set(NOON + 999 + MINUTE + 1_000);
        await admitted([rate()]);
      });

      test('never lets a limit through twice at a boundary', async () => {
        clock.set(NOON + 59_000);
        await admitted([rate({ ask: 60 })]);
        clock.set(NOON + 61_000);
        expect(await admit(rate())).toMatchObject({ kind: 'exceeded' });
      });

      test('gives back spending bit by bit, as it was spent', async () => {
        for (let i = 0; i < 6; i += 1) {
          await admitted([rate({ ask: 10 })]);
          clock.advance(10_000);
        }
        expect(await standing()).toMatchObject({ settled: 60 });
        clock.advance(1_000);
        expect(await standing()).toMatchObject({ settled: 50 });
        clock.advance(10_000);
        expect(await standing()).toMatchObject({ settled: 40 });
        clock.advance(MINUTE);
        expect(await standing()).toEqual({ settled: 0, held: 0, resetMs: 0, retryMs: 0 });
      });

      test('counts a settlement from the time of the settlement', async () => {
        const { call } = await admitted([claim({ ask: 50 })], { leaseMs: HOUR });
        clock.advance(10 * MINUTE);
        await store.settle({ tenant, call, actual: [50] });
        clock.advance(MINUTE - 1);
        expect(await standing()).toMatchObject({ settled: 50 });
      });

      test('counts what is held, however long ago it was admitted', async () => {
        await admitted([claim({ ask: 50 })], { leaseMs: HOUR });
        clock.advance(10 * MINUTE);
        expect(await standing()).toMatchObject({ settled: 0, held: 50 });
      });

      test('says when it is back at zero, and when a refused claim would fit', async () => {
        await admitted([rate({ ask: 20 })]);
        clock.advance(10_000);
        await admitted([rate({ ask: 40 })]);
        const refused = await admit(rate({ ask: 21 }));
        expect(refused).toMatchObject({ kind: 'exceeded', states: [{ resetMs: 60_999, retryMs: 60_999 }] });
        expect(await admit(rate({ ask: 20 }))).toMatchObject({ states: [{ retryMs: 50_999 }] });
        clock.advance(50_998);
        expect(await admit(rate({ ask: 20 }))).toMatchObject({ kind: 'exceeded', states: [{ retryMs: 1 }] });
        clock.advance(1);
        await admitted([rate({ ask: 20 })]);
      });

      test('cannot say when a claim would fit that reservations alone refuse, or that is above its limit', async () => {
        await admitted([claim({ ask: 95 })]);
        await admitted([claim({ ask: 5, mode: 'spend' })]);
        expect(await admit(claim({ ask: 6 }))).toMatchObject({ states: [{ retryMs: 0, resetMs: expect.any(Number) }] });
        expect(await admit(claim({ key: 'fresh', ask: 101 }))).toMatchObject({ states: [{ retryMs: 0, resetMs: 0 }] });
      });

      test('takes what is held as spent now, where it says when it is back at zero', async () => {
        await admitted([claim({ ask: 95 })], { leaseMs: HOUR });
        clock.advance(5 * MINUTE);
        expect(await standing()).toMatchObject({ held: 95, resetMs: 60_999 });
      });

      test('shorter than its sixty parts still holds its limit', async () => {
        const window = { kind: 'rolling', ms: 7 } as const;
        await admitted([rate({ window, ask: 60 })]);
        clock.advance(6);
        expect(await admit(rate({ window }))).toMatchObject({ kind: 'exceeded' });
        clock.advance(1);
        await admitted([rate({ window })]);
      });

      test('never forgets spending because its clock went back', async () => {
        await admitted([rate({ ask: 60 })]);
        clock.advance(-10 * MINUTE);
        expect(await admit(rate())).toMatchObject({ kind: 'exceeded' });
        const { call } = await admitted([claim({ key: 'back', ask: 50 })], { leaseMs: HOUR });
        clock.advance(-10 * MINUTE);
        await store.settle({ tenant, call, actual: [50] });
        expect(await standing({ key: 'back' })).toMatchObject({ settled: 50 });
        clock.set(NOON + HOUR);
        expect(await standing({ key: 'back' })).toMatchObject({ settled: 0 });
      });

      test('that was at a later time counts spending until it is there again', async () => {
        await admitted([rate({ ask: 10 })]);
        clock.advance(-10 * MINUTE);
        await admitted([rate({ ask: 20 })]);
        clock.advance(8 * MINUTE);
        expect(await standing()).toMatchObject({ settled: 30 });
        clock.set(NOON + HOUR);
        expect(await standing()).toMatchObject({ settled: 0 });
      });
    });

    describe('a calendar window', () => {
      const daily = (parts: Partial<Claim> = {}): Claim => claim({ window: dayOf(clock.now()), ...parts });

      test('begins at zero in a new period, and keeps what is held', async () => {
        const spent = await admitted([daily({ ask: 60 })]);
        await store.settle({ tenant, call: spent.call, actual: [60] });
        await admitted([daily({ ask: 40 })], { leaseMs: 2 * DAY });
        expect(await admit(daily({ ask: 1 }))).toMatchObject({ states: [{ settled: 60, held: 40, resetMs: DAY / 2 }] });
        clock.advance(DAY / 2);
        expect(await standing(daily())).toMatchObject({ settled: 0, held: 40, resetMs: DAY });
      });

      test('never goes back to an earlier period for a caller whose clock lags', async () => {
        const yesterday = dayOf(NOON);
        clock.advance(DAY);
        await admitted([daily({ ask: 100, mode: 'spend' })]);
        expect(await admit(claim({ ask: 1, window: yesterday }))).toMatchObject({
          kind: 'exceeded',
          states: [{ settled: 100 }],
        });
        expect(await admit(daily({ ask: 1 }))).toMatchObject({ kind: 'exceeded', states: [{ settled: 100 }] });
      });

      test('keeps the later period even of a call that was refused', async () => {
        await admitted([daily({ ask: 100, mode: 'spend' })]);
        const yesterday = dayOf(NOON);
        clock.advance(DAY);
        expect(await admit(daily({ ask: 101 }))).toMatchObject({ kind: 'exceeded', states: [{ settled: 0 }] });
        expect(await standing({ window: yesterday })).toMatchObject({ settled: 0 });
      });

      test('charges the new period with a settlement after midnight, even where no call came between', async () => {
        const { call } = await admitted([daily({ ask: 90 })], { leaseMs: 2 * DAY });
        const late = await admitted([daily({ key: 'late', ask: 90 })], { leaseMs: 2 * DAY });
        clock.advance(DAY / 2 + MINUTE);
        await store.settle({ tenant, call, actual: [90] });
        expect(await admit(daily({ ask: 11 }))).toMatchObject({ kind: 'exceeded', states: [{ settled: 90, held: 0 }] });
        await store.settle({ tenant, call: late.call, actual: [90] });
        clock.advance(DAY);
        expect(await standing(daily({ key: 'late' }))).toMatchObject({ settled: 0 });
      });

      test('adds settlements after midnight together, and a lagging caller sees them too', async () => {
        const first = await admitted([daily({ ask: 40 })], { leaseMs: 2 * DAY });
        const second = await admitted([daily({ ask: 40 })], { leaseMs: 2 * DAY });
        const yesterday = dayOf(NOON);
        clock.advance(DAY / 2 + MINUTE);
        await store.settle({ tenant, call: first.call, actual: [40] });
        clock.advance(MINUTE);
        await store.settle({ tenant, call: second.call, actual: [40] });
        expect(await standing({ window: yesterday })).toMatchObject({ settled: 80, resetMs: 0 });
        expect(await standing(daily())).toMatchObject({ settled: 80, resetMs: DAY - 2 * MINUTE });
      });

      test('keeps its period against a caller whose period overlaps it', async () => {
        await admitted([daily({ ask: 90, mode: 'spend' })]);
        const { startMs, endMs } = dayOf(NOON);
        const early = { kind: 'calendar', startMs: startMs - HOUR, endMs: endMs - HOUR } as const;
        expect(await standing({ window: early })).toMatchObject({ settled: 90, resetMs: DAY / 2 });
      });

      test('charges the period it is in where the caller is ahead of the store', async () => {
        const tomorrow = dayOf(NOON + DAY);
        const { call } = await admitted([claim({ ask: 90, window: tomorrow })]);
        await store.settle({ tenant, call, actual: [90] });
        expect(await standing({ window: tomorrow })).toMatchObject({ settled: 90 });
      });

      test('says when its period ends, and when a refused claim would fit', async () => {
        await admitted([daily({ ask: 60, mode: 'spend' })]);
        expect(await admit(daily({ ask: 50 }))).toMatchObject({ states: [{ resetMs: DAY / 2, retryMs: DAY / 2 }] });
        expect(await admit(daily({ ask: 101 }))).toMatchObject({ states: [{ resetMs: DAY / 2, retryMs: 0 }] });
      });
    });

    describe('no window', () => {
      test('counts calls at the same time, and forgets them when they end', async () => {
        const first = await admitted([concurrency(2)]);
        const second = await admitted([concurrency(2)]);
        expect(await admit(concurrency(2))).toMatchObject({
          kind: 'exceeded',
          states: [{ settled: 0, held: 2, resetMs: 0, retryMs: 0 }],
        });
        await store.settle({ tenant, call: first.call, actual: [1] });
        await admitted([concurrency(2)]);
        await store.release(tenant, second.call);
        await admitted([concurrency(2)]);
      });
    });

    test('answers the probe', async () => {
      expect(await store.ping()).toBe(true);
    });
  });
}
