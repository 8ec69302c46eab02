import type { RunId } from '../core/ids.ts';
import { parseMoney } from '../core/money.ts';
import type { Run } from '../core/run.ts';
import type { Spot } from '../documents/faults.ts';
import { readSpan } from './amounts.ts';
import type { TestCase } from './tests/schema.ts';

type Written = NonNullable<TestCase['request']['run']>;

/** The run that a test describes; what is said of its tree is what a decision finds there. */
export function runOf(written: Written, { spot, timeMs }: { readonly spot: Spot; readonly timeMs: number }): Run {
  const path = pathOf(written);
  return {
    id: path.at(-1) as RunId,
    root: path[0] as RunId,
    parent: path.at(-2),
    depth: path.length - 1,
    path,
    name: '',
    source: written.source ?? 'hint',
    tree: {
      revision: 1,
      tenantRevision: 1,
      bornMs: bornOf(written, { spot, timeMs }),
      labels: new Set(written.labels),
      stops: new Map(),
      tenantStops: new Map(),
      counts: countsOf(written, spot),
    },
  };
}

/** From the root down; runs above that the test does not name are given names. */
function pathOf({ id = 'run_test', parent, depth = parent === undefined ? 0 : 1 }: Written): RunId[] {
  const above = Array.from({ length: depth }, (_, index) =>
    parent !== undefined && index === depth - 1 ? parent : `run_above_${index}`,
  );
  return [...above, id] as RunId[];
}

function bornOf(
  { age }: Written,
  { spot, timeMs }: { readonly spot: Spot; readonly timeMs: number },
): number | undefined {
  const ageMs = age === undefined ? undefined : readSpan(age);
  if (typeof ageMs === 'object') spot.at('age').fault(ageMs.fault);
  return typeof ageMs === 'number' ? timeMs - ageMs : undefined;
}

function countsOf({ steps = 0, errors = 0, spent, calls = {} }: Written, spot: Spot): ReadonlyMap<string, number> {
  const money = spent === undefined ? 0 : parseMoney(spent);
  if (money === undefined) spot.at('spent').fault('expected an amount like `2.50 USD`');
  const byPattern = Object.entries(calls).map(([pattern, count]) => [`calls:${pattern}`, count] as const);
  return new Map([['steps', steps], ['errors', errors], ['spent', money ?? 0], ...byPattern]);
}
