import { describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import type { Permit } from '../../src/core/decision.ts';
import { NEW_TREE, type Run } from '../../src/core/run.ts';
import { runAdmission } from '../../src/limits/run-admission.ts';
import { rootRun } from '../support/runs.ts';
import { charge, permitted } from './calls.ts';

const QUOTE = charge(5, 7);

function call(
  decision: Partial<Permit>,
  { run = rootRun('run_a'), fallbacks = [] as readonly PermittedCall[] } = {},
): PermittedCall {
  const made = permitted({ quotas: [] });
  const access = { ...made.access, run, context: { route: 'r', timeMs: 90, stream: false } };
  return { ...made, access, fallbacks, decision: { ...made.decision, ...decision } };
}

const label = (labels: readonly string[], scope: 'tree' | 'node' = 'tree') =>
  ({ kind: 'label', labels, scope }) as const;
const labelled = (...labels: string[]): Run => rootRun('run_a', { tree: { ...NEW_TREE, labels: new Set(labels) } });

describe('what an admission does to the run of its call', () => {
  test('it is by whom, for what, and for how much at most', () => {
    expect(runAdmission(call({}), QUOTE)).toEqual({
      run: rootRun('run_a'),
      agent: 'ci',
      subject: 'ada',
      action: 'model.generate',
      quote: QUOTE,
      labels: [],
      counts: [],
      adds: [],
    });
  });

  test('it sets the labels that its permit asks for and that the tree does not carry yet', () => {
    const obligations = [{ kind: 'narrow' } as const, label(['a', 'b']), label(['c'], 'node')];
    expect(runAdmission(call({ obligations }), QUOTE).labels).toEqual(['a', 'b', 'c@run_a']);
    expect(runAdmission(call({ obligations }, { run: labelled('b', 'c@run_a') }), QUOTE).labels).toEqual(['a']);
  });

  test('it counts the patterns that policies ask for', () => {
    expect(runAdmission(call({ counted: ['tool/mail/*'] }), QUOTE).adds).toEqual(['calls:tool/mail/*']);
  });

  test('of several candidates, the labels and ranges of all', () => {
    const range = (name: string) => ({ name, atLeast: 0, below: 5 });
    const fallback = call({ obligations: [label(['b', 'a'])], counts: [range('errors')] });
    const one = call({ obligations: [label(['a'])], counts: [range('steps')] }, { fallbacks: [fallback] });
    expect(runAdmission(one, QUOTE)).toMatchObject({ labels: ['a', 'b'], counts: [range('steps'), range('errors')] });
  });

  test('it ends the tree after the shortest idleness that is enforced', () => {
    const bound = (id: string, idleMs: number, enforced = true) => ({ id, enforced, idleMs });
    const bounds = [
      bound('p/long', 7_200_000),
      bound('p/short', 90_000),
      bound('p/watched', 5, false),
      bound('p/longer', 9_000_000),
    ];
    expect(runAdmission(call({ bounds }), QUOTE).idle).toEqual({
      ms: 90_000,
      stop: { state: 'done', cause: 'policy', by: 'p/short', because: 'nothing happened in it for 2 min', atMs: 90 },
    });
    expect(runAdmission(call({ bounds: [{ id: 'p/deep', enforced: true, depth: 3 }] }), QUOTE)).not.toHaveProperty(
      'idle',
    );
  });
});
