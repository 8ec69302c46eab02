import { describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import type { TreeBound } from '../../src/core/decision.ts';
import { NEW_TREE } from '../../src/core/run.ts';
import { checkBounds } from '../../src/runs/bounds.ts';
import { childRun, rootRun } from '../support/runs.ts';

const HOUR = 3_600_000;

function call(bound: Partial<TreeBound>, bornMs?: number): PermittedCall {
  const run = childRun(childRun(rootRun('run_a', { tree: { ...NEW_TREE, bornMs } }), 'run_b'), 'run_c');
  return {
    access: { run },
    decision: { bounds: [{ id: 'p/swarm', enforced: true, ...bound }] },
  } as unknown as PermittedCall;
}

const refused = (what: string) =>
  expect.objectContaining({ code: 'limit.tree', rule: 'p/swarm', message: expect.stringContaining(what) });

describe('how far a tree may go', () => {
  test('a run as deep as may be goes on, one deeper is refused', () => {
    expect(() => checkBounds(call({ depth: 2 }), 0)).not.toThrow();
    expect(() => checkBounds(call({ depth: 1 }), 0)).toThrow(refused('2 below its root, and 1 is the deepest'));
  });

  test('a tree goes on until its time is over, counted from its first call', () => {
    const bound = { durationMs: 5 * 24 * HOUR };
    expect(() => checkBounds(call(bound, 0), 5 * 24 * HOUR - 1)).not.toThrow();
    expect(() => checkBounds(call(bound, 0), 5 * 24 * HOUR)).toThrow(refused('5 days is the longest'));
    expect(() => checkBounds(call(bound), Number.MAX_SAFE_INTEGER), 'its first call').not.toThrow();
    expect(() => checkBounds(call({ durationMs: 60_000 }, 0), 90_000)).toThrow(refused('1 min is the longest'));
    expect(() => checkBounds(call({ durationMs: 2 * HOUR }, 0), 3 * HOUR)).toThrow(refused('began 3 h ago'));
  });

  test('what is only watched refuses nothing', () => {
    expect(() => checkBounds(call({ depth: 0, durationMs: 1, enforced: false }, 0), 5)).not.toThrow();
  });
});
