import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import { type Principal, principalId } from '../../src/core/principal.ts';
import type { Run, TreeFacts } from '../../src/core/run.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import type { Lineage } from '../../src/runs/lineage.ts';
import { Registry } from '../../src/runs/registry.ts';
import { EVERYTHING, type RunStore } from '../../src/runs/store.ts';
import { NOON, type TestClock, testClock } from '../limits/ledger.ts';
import { admitIn, inMemory, stopBy } from './stores.ts';

const ANA = { id: principalId('acme', 'ana', 'ci'), tenant: 'acme', subject: 'ana', agent: 'ci' };
const WATCH = 500;

function lineage(...path: readonly string[]): Lineage {
  const ids = path as readonly RunId[];
  const [root = '' as RunId] = ids;
  const id = ids.at(-1) as RunId;
  return { id, root, parent: ids.at(-2), name: id, source: 'header', path: ids };
}

describe('a registry of runs', () => {
  let clock: TestClock;
  let runs: RunStore;
  let ledger: LedgerStore;
  let opened: string[];
  let isDown: boolean;
  let registry: Registry;
  let look: () => void;

  beforeEach(() => {
    clock = testClock();
    ({ runs, ledger } = inMemory(clock));
    opened = [];
    isDown = false;
    const store: RunStore = {
      ...runs,
      open(tenant, run) {
        opened.push(run.id);
        return isDown ? Promise.reject(new Error('down')) : runs.open(tenant, run);
      },
    };
    const every = (ms: number, task: () => void): (() => void) => {
      if (ms === WATCH) look = task;
      return () => {};
    };
    registry = new Registry({ store, schedule: { every }, onFailure() {} });
  });

  /** As the pipeline does with a call that passes. */
  async function call(...path: readonly string[]): Promise<Run> {
    const run = await registry.find(ANA, lineage(...path));
    expect(await admitIn(ledger, 'acme', run)).toMatchObject({ kind: 'admitted' });
    if (run.tree.bornMs === undefined) registry.born(run, clock.now());
    return run;
  }

  test('asks the store once for a tree, whatever runs begin in it', async () => {
    await call('a');
    await call('a');
    const child = registry.find(ANA, lineage('a', 'b', 'c'));
    expect(child).toMatchObject({ id: 'c', parent: 'b', depth: 2, path: ['a', 'b', 'c'], tree: { bornMs: NOON } });
    await call('d', 'e');
    expect(opened).toEqual(['a', 'e']);
  });

  test('asks for a run whose place only the store knows', async () => {
    await call('a', 'b');
    const { path: _, ...unplaced } = { ...lineage('a', 'c'), parent: 'b' as RunId };
    expect(await registry.find(ANA, { ...unplaced, path: undefined })).toMatchObject({ path: ['a', 'b', 'c'] });
    expect(opened).toEqual(['b', 'c']);
  });

  test('does not take a tree for new because the store was down when its first call here came', async () => {
    await admitIn(ledger, 'acme', await registry.find(ANA, lineage('a')));
    const other = new Registry({
      store: { ...runs, open: (tenant, run) => (isDown ? Promise.reject(new Error('down')) : runs.open(tenant, run)) },
      schedule: { every: () => () => {} },
      onFailure() {},
    });
    clock.advance(5_000);
    isDown = true;
    const unheard = await other.find(ANA, lineage('a'));
    other.born(unheard, clock.now());
    isDown = false;
    expect(await other.find(ANA, lineage('a'))).toMatchObject({ tree: { bornMs: NOON } });
  });

  test('learns what an admission tells, and no older answer takes it back', async () => {
    const run = await call('a');
    await runs.stop({ tenant: 'acme', root: run.root, run: run.id }, stopBy('paused'));
    const paused = (await runs.open('acme', run)).tree;
    await runs.stop({ tenant: 'acme', root: run.root, run: run.id }, stopBy('killed'));
    const killed = (await runs.open('acme', run)).tree;
    const state = (facts: TreeFacts): string | undefined => facts.stops.get(run.id)?.state;
    expect(state(registry.learned(run, { tree: killed, judged: run.tree }).tree)).toBe('killed');
    expect(state(registry.learned(run, { tree: paused, judged: run.tree }).tree)).toBe('killed');
  });

  test('believes a store that has lost what it had told, instead of asking it for ever', async () => {
    const run = await call('a');
    await runs.stop({ tenant: 'acme', root: run.root, run: run.id }, stopBy('paused'));
    look();
    const known = { ...(await runs.open('acme', run)).tree };
    const heard = registry.learned(run, { tree: known, judged: run.tree });
    const fresh = inMemory(clock);
    const first = await admitIn(fresh.ledger, 'acme', heard);
    if (first.kind !== 'moved') throw new Error(`the admission was \`${first.kind}\``);
    const again = registry.learned(run, { tree: first.tree, judged: heard.tree });
    expect(await admitIn(fresh.ledger, 'acme', again)).toMatchObject({ kind: 'admitted' });
  });

  describe('a look at the trees of calls under way', () => {
    const BOB = { ...ANA, id: principalId('other', 'bob', 'ci'), tenant: 'other', subject: 'bob' };
    let failing: string | undefined;
    let failures: unknown[];

    beforeEach(() => {
      failing = undefined;
      failures = [];
      const store: RunStore = {
        ...runs,
        changes: (tenant, known) =>
          tenant === failing ? Promise.reject(new Error(`${tenant} is gone`)) : runs.changes(tenant, known),
        everything: () => (failing === 'all' ? Promise.reject(new Error('all is gone')) : runs.everything()),
      };
      const every = (): (() => void) => () => {};
      registry = new Registry({ store, schedule: { every }, onFailure: (cause) => void failures.push(cause) });
    });

    test.each(['acme', 'all'])(
      'cuts what was killed though the part of the store of %s does not answer',
      async (gone) => {
        const own = registry.enter(await call('a'), ANA as Principal);
        const run = await registry.find(BOB, lineage('b'));
        await admitIn(ledger, 'other', run);
        const flight = registry.enter(run, BOB as Principal);
        await runs.stop({ tenant: 'other', root: run.root, run: run.id }, stopBy('killed'));
        failing = gone;
        await registry.watch();
        expect(flight.cut?.code).toBe('run.killed');
        expect(own.cut).toBeUndefined();
        expect(failures).toHaveLength(1);
      },
    );

    test('wakes a call that waits when what stops everything is lifted, and is quiet where that is the same', async () => {
      const everything = { tenant: EVERYTHING, scope: '*' } as const;
      await call('a');
      const run = await registry.find(ANA, lineage('a'));
      await runs.stop(everything, stopBy('paused'));
      await registry.watch();
      expect(registry.standing(run, ANA as Principal)?.stop.state).toBe('paused');
      let woken = false;
      const wait = registry.changed(run, { principal: ANA as Principal, waitMs: 30_000, onLeft: () => {} });
      void wait.then(() => (woken = true));
      await registry.watch();
      expect(woken).toBe(false);
      await runs.stop(everything, undefined);
      await registry.watch();
      await wait;
      expect(registry.standing(run, ANA as Principal)).toBeUndefined();
    });
  });
});
