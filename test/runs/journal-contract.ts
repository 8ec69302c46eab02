// What every journal must do. Run on memory and on Redis.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallId, RunId } from '../../src/core/ids.ts';
import type { JournalPlace, JournalStore } from '../../src/runs/journal.ts';
import { freshTenant, NOON, type TestClock, testClock } from '../limits/ledger.ts';
import { beginning, DONE, FACTS, KEEP, LARGE, LEASE, place, ROOT } from './journal-calls.ts';

export function journalContract(name: string, make: (clock: TestClock) => Promise<JournalStore>): void {
  describe(`the journal contract: ${name}`, () => {
    const clock = testClock();
    let store: JournalStore;
    let at: JournalPlace;
    let other: JournalPlace;
    beforeAll(async () => void (store = await make(clock)));
    beforeEach(() => {
      clock.set(NOON);
      at = place({ tenant: freshTenant() });
      other = { ...at, call: 'call_2' as CallId };
    });

    const states = async (): Promise<readonly string[]> =>
      (await store.entries(at.tenant, ROOT)).map(({ state }) => state);

    test('the first call of a key is new, also where it asks again because it did not hear so', async () => {
      expect(await store.begin(beginning(at))).toEqual({ kind: 'new' });
      expect(await store.begin(beginning(at))).toEqual({ kind: 'new' });
      expect(await states()).toEqual(['running']);
    });

    test('another call of the key finds it running', async () => {
      await store.begin(beginning(at));
      expect(await store.begin(beginning(other))).toEqual({ kind: 'running' });
    });

    test('a repeat gets the answer byte for byte, with status and fields', async () => {
      await store.begin(beginning(at));
      expect(await store.finish(at, DONE, KEEP)).toBe(true);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'recorded', answer: DONE.answer });
      expect(await store.begin(beginning(at))).toEqual({ kind: 'recorded', answer: DONE.answer });
    });

    test('an empty answer is an answer', async () => {
      await store.begin(beginning(at));
      const answer = { status: 204, headers: {}, body: Buffer.alloc(0) };
      await store.finish(at, { ...DONE, answer }, KEEP);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'recorded', answer });
    });

    test('another body under the key is a mismatch, whatever became of the first', async () => {
      const wrong = beginning(other, { digest: 'b' });
      await store.begin(beginning(at));
      expect(await store.begin(wrong)).toEqual({ kind: 'mismatch' });
      await store.finish(at, DONE, KEEP);
      expect(await store.begin(wrong)).toEqual({ kind: 'mismatch' });
    });

    test('what was too large to be kept is done, and not repeated', async () => {
      await store.begin(beginning(at));
      await store.finish(at, LARGE, KEEP);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'large' });
      expect(await states()).toEqual(['large']);
    });

    test('a call whose lease lapses is unknown, for its repeats and in the list', async () => {
      await store.begin(beginning(at));
      clock.advance(LEASE - 1);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'running' });
      clock.advance(1);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'unknown' });
      expect(await store.begin(beginning(at))).toEqual({ kind: 'unknown' });
      expect(await states()).toEqual(['unknown']);
    });

    test('a renewed call runs on; a lapsed one is not brought back', async () => {
      await store.begin(beginning(at));
      clock.advance(LEASE - 1);
      expect(await store.renew(at, at.call, LEASE)).toBe(true);
      expect(await store.renew(at, 'call_2', LEASE)).toBe(false);
      clock.advance(LEASE - 1);
      expect(await states()).toEqual(['running']);
      clock.advance(1);
      expect(await store.renew(at, at.call, LEASE)).toBe(false);
      expect(await states()).toEqual(['unknown']);
    });

    test('a call that ends after its lease still knows how it ended', async () => {
      await store.begin(beginning(at));
      clock.advance(LEASE);
      expect(await store.finish(at, DONE, KEEP)).toBe(true);
      expect(await store.begin(beginning(other))).toMatchObject({ kind: 'recorded' });
    });

    test('a call that surely was not sent leaves its key free', async () => {
      await store.begin(beginning(at));
      expect(await store.fail(at, true)).toBe(true);
      expect(await states()).toEqual([]);
      expect(await store.begin(beginning(other, { digest: 'b' }))).toEqual({ kind: 'new' });
    });

    test('a call that may have been carried out is unknown until it is forgotten', async () => {
      await store.begin(beginning(at));
      expect(await store.fail(at, false)).toBe(true);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'unknown' });
    });

    test('nobody but its call ends an entry, and no end undoes an earlier one', async () => {
      await store.begin(beginning(at));
      expect(await store.finish(other, DONE, KEEP)).toBe(false);
      expect(await store.fail(other, true)).toBe(false);
      await store.finish(at, DONE, KEEP);
      expect(await store.finish(at, LARGE, KEEP)).toBe(true);
      expect(await store.fail(at, true)).toBe(false);
      expect(await states()).toEqual(['done']);
    });

    test('an entry is kept as long as it is told, from its end on', async () => {
      await store.begin(beginning(at));
      clock.advance(LEASE - 1);
      await store.finish(at, DONE, KEEP);
      clock.advance(KEEP - 1);
      expect(await store.begin(beginning(other))).toMatchObject({ kind: 'recorded' });
      clock.advance(1);
      expect(await states()).toEqual([]);
      expect(await store.finish(at, DONE, KEEP)).toBe(false);
      expect(await store.begin(beginning(other))).toEqual({ kind: 'new' });
    });

    test('a key that is used again after its entry was forgotten has nothing of it', async () => {
      await store.begin(beginning(at));
      await store.finish(at, DONE, KEEP);
      clock.advance(KEEP);
      await store.begin(beginning(other));
      const [entry] = await store.entries(at.tenant, ROOT);
      expect(entry).toEqual({ place: other, step: 1, state: 'running', facts: FACTS, outcome: undefined });
    });

    test('a call that surely was not sent takes no step', async () => {
      const [first, unsent, next] = ['a', 'b', 'c'].map((entry) => ({ ...at, entry })) as [
        JournalPlace,
        JournalPlace,
        JournalPlace,
      ];
      await store.begin(beginning(first));
      await store.begin(beginning(unsent));
      await store.fail(unsent, true);
      await store.begin(beginning(next));
      const entries = await store.entries(at.tenant, ROOT);
      expect(entries.map(({ place: { entry }, step }) => [entry, step])).toEqual([
        ['a', 1],
        ['c', 2],
      ]);
    });

    test('a call that runs for longer than entries are kept is kept while it runs', async () => {
      await store.begin(beginning(at, { keepMs: 1 }));
      clock.advance(LEASE - 1);
      await store.renew(at, at.call, LEASE);
      clock.advance(LEASE - 1);
      expect(await states()).toEqual(['running']);
    });

    test('entries are listed by step, with all that undoing needs, and each tree by itself', async () => {
      const calls = ['b', 'a', 'c'].map((entry, index) => ({ ...at, entry, call: `call_${index}` as CallId }));
      for (const one of calls) await store.begin(beginning(one));
      await store.begin(beginning({ ...at, root: 'run_other' as RunId, entry: 'd' }));
      await store.finish(calls[0] as JournalPlace, DONE, KEEP);
      const entries = await store.entries(at.tenant, ROOT);
      expect(entries.map(({ place: { entry }, step }) => [entry, step])).toEqual([
        ['b', 1],
        ['a', 2],
        ['c', 3],
      ]);
      expect(entries[0]).toEqual({ place: calls[0], step: 1, state: 'done', facts: FACTS, outcome: DONE.outcome });
      expect(entries[1]?.outcome).toBeUndefined();
      expect(await store.entries(freshTenant(), ROOT)).toEqual([]);
    });

    test('a long list comes whole', async () => {
      const names = Array.from({ length: 450 }, (_, index) => `entry-${index}`);
      for (const entry of names) await store.begin(beginning({ ...at, entry, call: `call_${entry}` as CallId }));
      const entries = await store.entries(at.tenant, ROOT);
      expect(entries.map((one) => one.place.entry)).toEqual(names);
      expect(entries.at(-1)?.step).toBe(450);
    });

    test('a call is taken back once', async () => {
      await store.begin(beginning(at));
      await store.finish(at, DONE, KEEP);
      const undo = { place: at, attempt: 'one', leaseMs: LEASE };
      expect(await store.beginUndo(undo)).toBe('new');
      expect(await store.beginUndo(undo)).toBe('new');
      expect(await store.beginUndo({ ...undo, attempt: 'two' })).toBe('running');
      expect(await states()).toEqual(['undoing']);
      expect(await store.endUndo(at, 'two', 'undone')).toBe(false);
      expect(await store.endUndo(at, 'one', 'undone')).toBe(true);
      expect(await store.endUndo(at, 'one', 'undone')).toBe(true);
      expect(await store.endUndo(at, 'one', 'kept')).toBe(false);
      expect(await store.beginUndo({ ...undo, attempt: 'two' })).toBe('undone');
      expect(await store.begin(beginning(other))).toEqual({ kind: 'undone' });
    });

    test('an undoing that surely did nothing may be tried again', async () => {
      await store.begin(beginning(at));
      await store.finish(at, DONE, KEEP);
      await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE });
      expect(await store.endUndo(at, 'one', 'kept')).toBe(true);
      expect(await states()).toEqual(['done']);
      expect(await store.begin(beginning(other))).toMatchObject({ kind: 'recorded' });
      expect(await store.beginUndo({ place: at, attempt: 'two', leaseMs: LEASE })).toBe('new');
    });

    test('an undoing whose lease lapses is unknown and never tried again', async () => {
      await store.begin(beginning(at));
      await store.finish(at, LARGE, KEEP);
      await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE });
      clock.advance(LEASE - 1);
      expect(await store.renew(at, 'one', LEASE)).toBe(true);
      clock.advance(LEASE);
      expect(await states()).toEqual(['undo-unknown']);
      expect(await store.beginUndo({ place: at, attempt: 'two', leaseMs: LEASE })).toBe('unknown');
      expect(await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE })).toBe('unknown');
      expect(await store.endUndo(at, 'one', 'undone')).toBe(true);
      expect(await states()).toEqual(['undone']);
    });

    test('only what is done is taken back', async () => {
      expect(await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE })).toBe('unfit');
      await store.begin(beginning(at));
      expect(await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE })).toBe('unfit');
      await store.fail(at, false);
      expect(await store.beginUndo({ place: at, attempt: 'one', leaseMs: LEASE })).toBe('unfit');
      expect(await store.endUndo(at, 'one', 'undone')).toBe(false);
    });

    test('names of any kind stay apart', async () => {
      const odd = { ...at, tenant: `${at.tenant} {x}%`, entry: 'a b{c}\n', root: 'run ü' as RunId };
      expect(await store.begin(beginning(odd))).toEqual({ kind: 'new' });
      expect((await store.entries(odd.tenant, odd.root))[0]?.place).toEqual(odd);
    });
  });
}
