// What every store of repetitions must do. Run on memory and on Redis.
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import type { RunId } from '../../src/core/ids.ts';
import { CHAIN_MS, CHAINS_MAX, type LoopQuestion, type LoopStore } from '../../src/runs/loop-store.ts';
import { freshTenant, NOON, type TestClock, testClock } from '../limits/ledger.ts';

const hex = (name: string): string => sha256(name).slice(0, 16);
const look = (call: string): LoopQuestion => ({ kind: 'look', call: hex(call) });
const note = (call: string, result: string, id: string): LoopQuestion => {
  return { kind: 'note', call: hex(call), result: hex(result), id: hex(id) };
};

export function loopContract(name: string, make: (clock: TestClock) => LoopStore): void {
  describe(`what repeats itself: ${name}`, () => {
    const clock = testClock();
    const root = 'run_root' as RunId;
    let tenant: string;
    let store: LoopStore;

    beforeEach(() => {
      clock.set(NOON);
      tenant = freshTenant();
      store = make(clock);
    });

    const ask = (...questions: readonly LoopQuestion[]) => store.ask(tenant, root, questions);
    const counts = async (...questions: readonly LoopQuestion[]) => (await ask(...questions)).map(({ count }) => count);

    test('the same result counts on, another begins anew', async () => {
      expect(await counts(look('a'))).toEqual([0]);
      expect(await counts(note('a', 'x', '1'), note('a', 'x', '2'))).toEqual([1, 2]);
      expect(await counts(note('a', 'y', '3'))).toEqual([1]);
      expect(await counts(note('a', 'x', '4'), note('a', 'x', '5'), look('a'), look('b'))).toEqual([1, 2, 2, 0]);
    });

    test('each call has its own chain, whatever comes in between', async () => {
      for (const id of ['1', '2', '3']) await ask(note('a', 'x', id), note('b', 'y', id));
      expect(await counts(look('a'), look('b'))).toEqual([3, 3]);
    });

    test('trees and tenants have nothing to do with one another', async () => {
      await ask(note('a', 'x', '1'));
      expect(await store.ask(tenant, 'run_other' as RunId, [look('a')])).toMatchObject([{ count: 0 }]);
      expect(await store.ask(freshTenant(), root, [look('a')])).toMatchObject([{ count: 0 }]);
    });

    test('what is noted twice counts once, and is told so', async () => {
      await ask(note('a', 'x', '1'), note('a', 'y', '2'));
      clock.advance(500);
      expect(await ask(note('a', 'x', '1'), note('a', 'y', '2'))).toEqual([
        { count: 1, sinceMs: 500, isNew: false },
        { count: 1, sinceMs: 500, isNew: false },
      ]);
      expect(await ask(note('a', 'y', '3'))).toEqual([{ count: 2, sinceMs: 0, isNew: true }]);
    });

    test('of the ids of a chain the last eight are known', async () => {
      for (let id = 0; id < 9; id += 1) await ask(note('a', 'x', String(id)));
      expect(await ask(note('a', 'x', '1'))).toMatchObject([{ count: 9, isNew: false }]);
      expect(await ask(note('a', 'x', '0'))).toMatchObject([{ count: 10, isNew: true }]);
    });

    test('a look tells how long ago a call was last carried out, and changes nothing', async () => {
      await ask(note('a', 'x', '1'));
      clock.advance(1_234);
      expect(await ask(look('a'))).toEqual([{ count: 1, sinceMs: 1_234, isNew: true }]);
      expect(await ask(look('a'))).toEqual([{ count: 1, sinceMs: 1_234, isNew: true }]);
    });

    test('a chain is forgotten once nothing was carried out for an hour', async () => {
      await ask(note('a', 'x', '1'));
      clock.advance(CHAIN_MS - 1);
      expect(await counts(note('a', 'x', '2'))).toEqual([2]);
      clock.advance(CHAIN_MS);
      expect(await counts(look('a'), note('a', 'x', '3'))).toEqual([0, 1]);
    });

    test('a tree remembers a bounded number of calls: those that were carried out last', async () => {
      for (let index = 0; index <= CHAINS_MAX; index += 1) {
        clock.advance(1);
        await ask(note(`c${index}`, 'x', '1'), note('loop', 'x', String(index)));
      }
      expect(await counts(look('loop'), look(`c${CHAINS_MAX}`), look('c0'))).toEqual([CHAINS_MAX + 1, 1, 0]);
    });
  });
}
