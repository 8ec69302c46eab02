// What every store of runs must do, with the ledger beside it. Run on memory and on Redis.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { callId, claim, concurrency, freshTenant, MINUTE, NOON, type TestClock, testClock } from '../limits/ledger.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { admitIn, asKnown, cost, stopBy, type Stores } from './stores.ts';

const CHILDREN = claim({
  key: 'p/swarm:runs:run=run_a',
  unit: 'runs',
  ask: 1,
  limit: 2,
  window: { kind: 'life' },
  mode: 'birth',
});

export function runsContract(name: string, make: (clock: TestClock) => Stores | Promise<Stores>): void {
  describe(`the contract of runs: ${name}`, () => {
    const clock = testClock();
    let stores: Stores;
    let tenant: string;
    let root: Run;
    let child: Run;

    beforeAll(async () => {
      stores = await make(clock);
    });
    afterAll(() => stores.ledger.close());
    beforeEach(() => {
      clock.set(NOON);
      tenant = freshTenant();
      root = rootRun('run_a');
      child = childRun(root, 'run_b');
    });

    const admit = (run: Run, asked = {}) => admitIn(stores.ledger, tenant, run, asked);
    const known = (run: Run) => asKnown(stores.runs, tenant, run);

    test('a run that nobody has called in is not known', async () => {
      expect(await stores.runs.run(tenant, root.id)).toBeUndefined();
      expect(await stores.runs.open(tenant, root)).toMatchObject({
        path: undefined,
        tree: { revision: 0, bornMs: undefined },
      });
    });

    test('the first call begins a run, with its place, name and who called', async () => {
      await admit(root, { agent: '', subject: 'ä b' });
      clock.advance(5);
      await admit({ ...child, name: 'x y' });
      expect(await stores.runs.run(tenant, child.id)).toEqual({
        id: 'run_b',
        root: 'run_a',
        parent: 'run_a',
        path: ['run_a', 'run_b'],
        depth: 1,
        name: 'x y',
        source: 'hint',
        agent: 'ci',
        subject: 'ana',
        bornMs: NOON + 5,
        lastMs: NOON + 5,
        steps: 1,
        calls: { 'tool.call': 1 },
        tokens: 0,
        money: 0,
        errors: 0,
      });
      expect(await stores.runs.run(tenant, root.id)).toMatchObject({
        agent: '',
        subject: 'ä b',
        parent: undefined,
        depth: 0,
      });
    });

    test('what a call used is on its run once, however often its end is told', async () => {
      const call = callId();
      await admit(child, { call, quote: cost(100, 200), action: 'model.generate' });
      const end = { tenant, call, actual: [], run: { charge: cost(30, 40), isError: true } };
      expect(await stores.ledger.settle(end)).toBe(true);
      expect(await stores.ledger.settle(end)).toBe(false);
      expect(await stores.runs.run(tenant, child.id)).toMatchObject({ steps: 1, tokens: 30, money: 40, errors: 1 });
      expect((await stores.runs.open(tenant, child)).tree.counts).toEqual(
        new Map([
          ['steps', 1],
          ['spent', 40],
          ['errors', 1],
        ]),
      );
    });

    test('a call released is a step that used nothing', async () => {
      const call = callId();
      await admit(root, { call, quote: cost(100, 200) });
      await stores.ledger.release(tenant, call);
      expect(await stores.runs.run(tenant, root.id)).toMatchObject({ steps: 1, tokens: 0, money: 0, errors: 0 });
    });

    test('a call whose gateway died is on its run with the most that it may have used', async () => {
      await admit(root, { quote: cost(100, 200), leaseMs: 1_000 });
      clock.advance(2_000);
      await admit(root);
      expect(await stores.runs.run(tenant, root.id)).toMatchObject({ steps: 2, tokens: 100, money: 200, errors: 0 });
    });

    test('an admission repeated is one step', async () => {
      const call = callId();
      expect(await admit(root, { call, claims: [claim()] })).toEqual(await admit(root, { call, claims: [claim()] }));
      expect(await stores.runs.run(tenant, root.id)).toMatchObject({ steps: 1 });
    });

    test('a refused call is no step and begins no run', async () => {
      expect(await admit(root, { claims: [concurrency(0)] })).toMatchObject({ kind: 'exceeded', index: 0 });
      expect(await stores.runs.run(tenant, root.id)).toBeUndefined();
      expect((await stores.runs.open(tenant, root)).tree.revision).toBe(0);
    });

    test('of the first calls of a run only one counts as a birth', async () => {
      const asked = { claims: [CHILDREN] };
      await admit(child, asked);
      expect(await admit(child, asked)).toMatchObject({ kind: 'admitted', states: [{ settled: 1 }] });
      await admit(childRun(root, 'run_c'), asked);
      expect(await admit(childRun(root, 'run_d'), asked)).toMatchObject({ kind: 'exceeded', states: [{ settled: 2 }] });
      expect(await admit(child, asked), 'those born go on').toMatchObject({ kind: 'admitted' });
    });

    test('labels stand before the call, for the whole tree, and whoever was judged without them is judged again', async () => {
      expect(await admit(child, { labels: ['saw-untrusted', 'own@run_b'] })).toMatchObject({ kind: 'admitted' });
      const moved = await admit(root);
      expect(moved).toMatchObject({
        kind: 'moved',
        tree: { revision: 1, labels: new Set(['saw-untrusted', 'own@run_b']) },
      });
      expect(await stores.runs.run(tenant, root.id), 'nothing was booked').toBeUndefined();
      expect(await admit(await known(root))).toMatchObject({ kind: 'admitted' });
      expect(await admit(await known(root), { labels: ['saw-untrusted'] }), 'set already').toMatchObject({
        kind: 'admitted',
      });
      expect((await known(root)).tree.revision).toBe(1);
    });

    test('a decision stands within its ranges of counters only', async () => {
      const counts = [{ name: 'calls:tool/mail/*', atLeast: 0, below: 2 }];
      const adds = ['calls:tool/mail/*'];
      for (let i = 0; i < 2; i += 1) expect(await admit(root, { counts, adds })).toMatchObject({ kind: 'admitted' });
      expect(await admit(root, { counts, adds })).toMatchObject({
        kind: 'moved',
        tree: {
          counts: new Map([
            ['steps', 2],
            ['calls:tool/mail/*', 2],
          ]),
        },
      });
      expect(await admit(root, { counts: [{ name: 'steps', atLeast: 2, below: 3 }] })).toMatchObject({
        kind: 'admitted',
      });
    });

    test('a stop moves all calls of the tree that were judged before it', async () => {
      await admit(root);
      expect(await stores.runs.stop({ tenant, root: root.id, run: root.id }, stopBy('paused', 'lunch “now”'))).toBe(
        true,
      );
      const moved = await admit(child);
      expect(moved).toMatchObject({
        kind: 'moved',
        tree: { stops: new Map([['run_a', stopBy('paused', 'lunch “now”')]]) },
      });
      expect(await stores.runs.stop({ tenant, root: root.id, run: root.id }, undefined)).toBe(true);
      expect((await known(child)).tree.stops.size).toBe(0);
      expect(await admit(await known(child))).toMatchObject({ kind: 'admitted' });
    });

    test('what was killed stays killed', async () => {
      await admit(child);
      const target = { tenant, root: root.id, run: child.id };
      expect(await stores.runs.stop(target, stopBy('killed'))).toBe(true);
      expect(await stores.runs.stop(target, undefined)).toBe(false);
      expect(await stores.runs.stop(target, stopBy('paused'))).toBe(false);
      expect(await stores.runs.stop(target, stopBy('killed', 'again')), 'a kill repeated').toBe(true);
      expect((await known(root)).tree.stops.get(child.id)).toEqual(stopBy('killed'));
    });

    test('what has ended is killed or stays so', async () => {
      await admit(root);
      const target = { tenant, root: root.id, run: root.id };
      expect(await stores.runs.stop(target, stopBy('done'))).toBe(true);
      expect(await stores.runs.stop(target, undefined)).toBe(false);
      expect(await stores.runs.stop(target, stopBy('paused'))).toBe(false);
      expect(await stores.runs.stop(target, stopBy('done', 'again'))).toBe(false);
      expect((await known(root)).tree.stops.get(root.id)).toEqual(stopBy('done'));
      expect(await stores.runs.stop(target, stopBy('killed'))).toBe(true);
      expect((await known(root)).tree.stops.get(root.id)).toEqual(stopBy('killed'));
    });

    test('nobody stops a run that nobody knows', async () => {
      expect(await stores.runs.stop({ tenant, root: root.id, run: root.id }, stopBy('killed'))).toBe(false);
      expect((await known(root)).tree).toMatchObject({ revision: 0 });
    });

    test('stops of a tenant move the calls of every tree of it', async () => {
      await admit(root);
      await stores.runs.stop({ tenant, scope: 'agent:ci' }, stopBy('draining'));
      expect(await admit(rootRun('run_z'))).toMatchObject({
        kind: 'moved',
        tree: { tenantRevision: 1, tenantStops: new Map([['agent:ci', stopBy('draining')]]) },
      });
      await stores.runs.stop({ tenant, scope: 'agent:ci' }, undefined);
      expect((await known(root)).tree).toMatchObject({ tenantRevision: 2, tenantStops: new Map() });
    });

    test('changes are told of the trees that changed, and of no others', async () => {
      await admit(root);
      await admit(rootRun('run_z'));
      const at = { revision: 0, tenantRevision: 0 };
      const seen = new Map([
        [root.id, at],
        [rootRun('run_z').id, at],
      ]);
      expect(await stores.runs.changes(tenant, seen)).toEqual(new Map());
      await stores.runs.stop({ tenant, root: root.id, run: root.id }, stopBy('paused'));
      expect([...(await stores.runs.changes(tenant, seen)).keys()]).toEqual(['run_a']);
      await stores.runs.stop({ tenant, scope: '*' }, stopBy('paused'));
      expect([...(await stores.runs.changes(tenant, seen)).keys()]).toEqual(['run_a', 'run_z']);
    });

    test('a run whose parent was seen is opened with its whole path', async () => {
      await admit(child);
      const grandchild = childRun(child, 'run_c');
      expect((await stores.runs.open(tenant, grandchild)).path).toEqual(['run_a', 'run_b', 'run_c']);
      expect((await stores.runs.open(tenant, childRun(childRun(root, 'run_x'), 'run_y'))).path).toBeUndefined();
    });

    test('a tree lists its runs, parents first, and the tenant its roots, the newest first', async () => {
      await admit(root);
      await admit(child);
      await admit(childRun(child, 'run_c'));
      clock.advance(1_000);
      await admit(rootRun('run_z'));
      const tree = await stores.runs.tree(tenant, root.id);
      expect(tree.runs.map(({ id }) => id)).toEqual(['run_a', 'run_b', 'run_c']);
      expect(tree.facts.bornMs).toBe(NOON);
      const roots = (from: number, count: number) => stores.runs.roots(tenant, { from, count });
      expect((await roots(0, 10)).map(({ id }) => id)).toEqual(['run_z', 'run_a']);
      expect((await roots(1, 10)).map(({ id }) => id)).toEqual(['run_a']);
      expect(await stores.runs.tenants()).toContain(tenant);
    });

    test('a tree in which nothing happened for too long has ended, for whoever calls next', async () => {
      const stop = { state: 'done', cause: 'policy', by: 'p/swarm', because: 'idle', atMs: NOON } as const;
      const asked = { idle: { ms: MINUTE, stop }, leaseMs: 10 * MINUTE };
      await admit(child, asked);
      clock.advance(MINUTE - 1);
      expect(await admit(root, asked), 'not yet').toMatchObject({ kind: 'admitted' });
      clock.advance(MINUTE);
      const moved = await admit(child, asked);
      expect(moved).toMatchObject({ kind: 'moved', tree: { revision: 1, stops: new Map([['run_a', stop]]) } });
      expect((await known(child)).tree.stops.get(root.id)).toEqual(stop);
      expect(await admit(await known(child), asked), 'once').toMatchObject({ kind: 'admitted' });
      expect((await known(root)).tree.revision).toBe(1);
    });

    test('a limit that lasts as long as its runs is never free again by itself', async () => {
      const life = claim({ key: 'p/life', window: { kind: 'life' }, ask: 60 });
      const call = callId();
      await admit(root, { call, claims: [life] });
      await stores.ledger.settle({ tenant, call, actual: [60], run: { charge: cost(60), isError: false } });
      clock.advance(20 * 24 * 60 * MINUTE);
      expect(await admit(root, { claims: [life] })).toEqual({
        kind: 'exceeded',
        index: 0,
        states: [{ settled: 60, held: 0, resetMs: 0, retryMs: 0 }],
      });
    });
  });
}
