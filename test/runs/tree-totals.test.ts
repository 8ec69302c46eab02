import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import { NEW_TREE, type RunRecord, type Stop, type TreeFacts } from '../../src/core/run.ts';
import {
  ownTotals,
  seenTree,
  stateOf as stateLeft,
  stopsOf,
  type Totals,
  treeTotals,
} from '../../src/runs/tree-totals.ts';
import { anyTree, record, stop } from './records.ts';

const root = record('run_root', undefined, { agent: 'orchestrator' });
const child = record('run_child', root);
const leaf = record('run_leaf', child);
const sibling = record('run_sibling', root);

function facts(stops: Readonly<Record<string, Stop>>, tenantStops: Readonly<Record<string, Stop>> = {}): TreeFacts {
  return {
    ...NEW_TREE,
    stops: new Map(Object.entries(stops) as [RunId, Stop][]),
    tenantStops: new Map(Object.entries(tenantStops)),
  };
}

function stateOf(run: RunRecord, tree: TreeFacts, everything?: Stop): string {
  return stateLeft(stopsOf(run, tree, everything));
}

describe('the state of a run', () => {
  test('is live where nothing stops it, however long it has been idle', () => {
    const idle = record('run_idle', root, { lastMs: 0 });
    expect(stateOf(idle, NEW_TREE)).toBe('live');
  });

  test('is what stops it or any run above it, and never what stops one beside or below it', () => {
    const killed = facts({ run_child: stop('killed') });
    expect([root, child, leaf, sibling].map((run) => stateOf(run, killed))).toEqual([
      'live',
      'killed',
      'killed',
      'live',
    ]);
  });

  test('tells who stopped it, and that it was a run above where it was', () => {
    const killed = facts({ run_child: stop('killed', { cause: 'policy', by: 'p/loop' }) });
    expect(stopsOf(child, killed, undefined)).toEqual([
      { on: { run: 'run_child' }, stop: stop('killed', { cause: 'policy', by: 'p/loop' }) },
    ]);
    expect(stopsOf(leaf, killed, undefined)).toEqual([
      { on: { run: 'run_child' }, stop: stop('killed', { cause: 'parent', by: 'p/loop' }) },
    ]);
  });

  test('is bound by stops of its agent and of its tenant', () => {
    expect(stateOf(leaf, facts({}, { 'agent:worker': stop('paused') }))).toBe('paused');
    expect(stateOf(root, facts({}, { 'agent:worker': stop('paused') }))).toBe('live');
    expect(stateOf(root, facts({}, { '*': stop('draining') }))).toBe('draining');
  });

  test('is bound by what stops everything', () => {
    expect(stateOf(leaf, facts({}, {}), stop('paused'))).toBe('paused');
    expect(stateOf(leaf, facts({ run_leaf: stop('killed') }), stop('paused'))).toBe('killed');
    expect(stopsOf(leaf, NEW_TREE, stop('killed'))).toEqual([{ on: { scope: 'everything' }, stop: stop('killed') }]);
  });

  test.each([
    ['paused', 'draining', 'draining'],
    ['draining', 'done', 'done'],
    ['done', 'killed', 'killed'],
    ['paused', 'killed', 'killed'],
  ] as const)('of %s and %s is %s, whichever of them is nearer', (weak, strong, expected) => {
    expect(stateOf(leaf, facts({ run_leaf: stop(weak), run_root: stop(strong) }))).toBe(expected);
    expect(stateOf(leaf, facts({ run_leaf: stop(strong), run_root: stop(weak) }))).toBe(expected);
    expect(stateOf(leaf, facts({ run_leaf: stop(weak) }, { '*': stop(strong) }))).toBe(expected);
  });
});

describe('totals', () => {
  const zero: Totals = { runs: 0, steps: 0, calls: {}, tokens: 0, money: 0, errors: 0 };

  function sum(parts: readonly Totals[]): Totals {
    return parts.reduce((one, other) => {
      const actions = new Set([...Object.keys(one.calls), ...Object.keys(other.calls)]);
      const calls = [...actions].map((action) => [action, (one.calls[action] ?? 0) + (other.calls[action] ?? 0)]);
      return {
        runs: one.runs + other.runs,
        steps: one.steps + other.steps,
        calls: Object.fromEntries(calls) as Record<string, number>,
        tokens: one.tokens + other.tokens,
        money: one.money + other.money,
        errors: one.errors + other.errors,
      };
    }, zero);
  }

  test('of a root are those of all runs of its tree, each once', () => {
    fc.assert(
      fc.property(anyTree, (runs) => {
        expect(treeTotals(runs).get((runs[0] as RunRecord).id)).toEqual(sum(runs.map(ownTotals)));
      }),
    );
  });

  test('of any run are those of the runs that have it in their path', () => {
    fc.assert(
      fc.property(anyTree, (runs) => {
        const totals = treeTotals(runs);
        for (const { id } of runs) {
          expect(totals.get(id)).toEqual(sum(runs.filter(({ path }) => path.includes(id)).map(ownTotals)));
        }
      }),
    );
  });

  test('leave the records as they were', () => {
    const frozen = Object.freeze({ ...root, calls: Object.freeze({ 'tool.call': 1 }) });
    const other = record('run_x', root, { calls: { 'tool.call': 2 } });
    expect(treeTotals([frozen, other]).get(root.id)?.calls).toEqual({ 'tool.call': 3 });
    expect(frozen.calls).toEqual({ 'tool.call': 1 });
  });

  test('of 10,000 runs in a chain take one pass', () => {
    const runs: RunRecord[] = [];
    for (let index = 0; index < 10_000; index++) {
      const parent = runs[index - 1]?.id;
      runs.push({ ...record(`run_${index}`, undefined, { steps: 1 }), parent });
    }
    const began = performance.now();
    expect(treeTotals(runs).get('run_0' as RunId)).toMatchObject({ runs: 10_000, steps: 10_000 });
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('a tree as people see it', () => {
  test('has every run with its state, labels, own totals and those below it', () => {
    const runs = [root, child, leaf, sibling].map((run, index) => ({ ...run, steps: index + 1 }));
    const seen = seenTree({
      runs,
      facts: { ...facts({ run_child: stop('paused') }), labels: new Set(['web', 'mail@run_child']) },
      everything: undefined,
    });
    expect(
      seen.map(({ record: { id }, state, labels, own, all }) => [id, state, labels, own.steps, all.steps]),
    ).toEqual([
      ['run_root', 'live', ['web'], 1, 10],
      ['run_child', 'paused', ['web', 'mail'], 2, 5],
      ['run_leaf', 'paused', ['web', 'mail'], 3, 3],
      ['run_sibling', 'live', ['web'], 4, 4],
    ]);
  });

  test('can begin at a run of it', () => {
    const seen = seenTree({ runs: [root, child, leaf, sibling], facts: NEW_TREE, everything: undefined }, child.id);
    expect(seen.map(({ record: { id } }) => id)).toEqual(['run_child', 'run_leaf']);
  });
});
