import { describe, expect, test } from 'vitest';
import { runView, type RunView } from '../../src/admin/run-view.ts';
import { listOf, shown, stopOf, totalsOf, treeOf } from '../../src/cli/runs-table.ts';
import { NEW_TREE, type RunRecord } from '../../src/core/run.ts';
import { seenTree } from '../../src/runs/tree-totals.ts';
import { record } from '../runs/records.ts';

function viewsOf(runs: readonly RunRecord[]): readonly RunView[] {
  return seenTree({ runs, facts: NEW_TREE, everything: undefined }).map((seen) => runView('default', seen));
}

const root = record('run_r', undefined, { name: 'task', agent: 'lead', steps: 2, money: 20_000 });
const first = record('run_a', root, { name: 'reads', steps: 10, tokens: 1_200, money: 100_000, errors: 1 });
const leaf = record('run_b', first, { name: 'asks', steps: 1 });
const second = record('run_c', root, { name: '', steps: 3, bornMs: root.bornMs + 1 });

describe('a tree', () => {
  test('is drawn from the root down, each run with its own numbers, those with children with the sums', () => {
    expect(treeOf(viewsOf([root, second, first, leaf]))).toBe(
      [
        'TREE        RUN    AGENT   STATE  STEPS  TOKENS     MONEY  ERRORS  ALL STEPS  ALL MONEY',
        'task        run_r  lead    live       2       0  0.02 USD       0         16   0.12 USD',
        '├─ reads    run_a  worker  live      10    1200  0.10 USD       1         11   0.10 USD',
        '│  └─ asks  run_b  worker  live       1       0  0.00 USD       0',
        '└─ -        run_c  worker  live       3       0  0.00 USD       0',
      ].join('\n'),
    );
  });

  test('that begins below its root stands alone, and a run without its parent is not lost', () => {
    const views = viewsOf([root, first, leaf, second]);
    const lines = treeOf(views.slice(1)).split('\n');
    expect(lines.map((line) => line.slice(0, 10).trimEnd())).toEqual([
      'TREE     R',
      'reads    r',
      '└─ asks  r',
      '-        r',
    ]);
  });

  test('of 10,000 runs has a line for each, at once, however deep it is', () => {
    const flat = [root, ...Array.from({ length: 9_999 }, (_, index) => record(`run_${index}`, root))];
    const chain: RunRecord[] = [];
    for (let index = 0; index < 10_000; index++) {
      const parent = chain[index - 1];
      chain.push({ ...record(`run_${index}`), parent: parent?.id, depth: index });
    }
    for (const runs of [flat, chain]) {
      const views = viewsOf(runs);
      const began = performance.now();
      const lines = treeOf(views).split('\n');
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(lines).toHaveLength(10_001);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(300);
    }
  });
});

test('totals are counted in words', () => {
  const [view] = viewsOf([root, first, leaf, second]);
  expect(totalsOf((view as RunView).all)).toBe('4 runs, 16 steps, 1200 tokens, 0.12 USD, 1 error');
});

test('a list has a line for each tree, with the sums', () => {
  expect(listOf(viewsOf([root, first, leaf, second]).slice(0, 1)).split('\n')[1]).toBe(
    'run_r  live   lead   ana      task  2026-01-31T12:00:00Z     4     16    1200  0.12 USD       1',
  );
});

test('what clients call themselves moves no cursor', () => {
  expect(shown('a\u001b[2Jb\u202ec\nd')).toBe('a�[2Jb�c�d');
  expect(shown('x'.repeat(100))).toHaveLength(60);
  const stop = { state: 'killed', cause: 'person', because: 'a\u0007b', at: 'T' } as const;
  expect(stopOf({ ...stop, by: 'o\u001bl', scope: 'agent:x\u001b' })).toBe(
    'killed by o�l: a�b (person, T, on agent:x�)',
  );
  expect(stopOf({ ...stop, by: 'olga', scope: '*' })).toContain('on the tenant');
});
