import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/limits/fair-queue.ts';

interface One {
  readonly path: readonly [string, string, string];
  readonly number: number;
}

const names = fc.constantFrom('a', 'b', 'c');
const path = fc.tuple(names, names, names);
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), path }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('undo' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
  ),
  { maxLength: 120 },
);

function queue(): FairQueue<One> {
  return new FairQueue<One>((one) => one.path);
}

let number = 0;
function one(...steps: readonly [string, string, string]): One {
  number += 1;
  return { path: steps, number };
}

/** Whether two stand beside each other at a depth: the same path up to there. */
const sameUpTo = (depth: number, left: One, right: One): boolean =>
  left.path.slice(0, depth).join('/') === right.path.slice(0, depth).join('/');

describe('a fair queue', () => {
  test('one that waits alone among three hundred of another principal is the second to be taken', () => {
    const fair = queue();
    for (let index = 0; index < 300; index += 1) fair.add(one('acme', 'swarm', `run-${index % 3}`));
    const alone = one('acme', 'person', 'run');
    fair.add(alone);
    expect(fair.take(2)[1]).toBe(alone);
    expect(fair.size).toBe(299);
  });

  test('tenants take turns, then their principals, then the runs of those', () => {
    const fair = queue();
    for (const path of ['t/p/x', 't/p/x', 't/p/y', 't/q/x', 'u/p/x', 'u/p/x'])
      fair.add(one(...(path.split('/') as [string, string, string])));
    expect(fair.take(10).map((taken) => taken.path.join('/'))).toEqual([
      't/p/x',
      'u/p/x',
      't/q/x',
      'u/p/x',
      't/p/y',
      't/p/x',
    ]);
  });

  test('no name has a second turn before each other beside it that waited all the while had one', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const fair = queue();
        let waiting: One[] = [];
        const turns: { readonly taken: One; readonly waiting: readonly One[] }[] = [];
        for (const step of history) {
          if (step.kind === 'add') {
            const added = one(...step.path);
            waiting = [...waiting, added];
            fair.add(added);
          } else if (step.kind === 'remove') {
            const gone = waiting[step.which % Math.max(1, waiting.length)];
            waiting = waiting.filter((other) => other !== gone);
            expect(gone === undefined || fair.remove(gone)).toBe(true);
          } else if (step.kind === 'undo') {
            const taken = fair.take(step.count);
            fair.putBack(taken);
            const again = fair.take(taken.length);
            expect(again).toEqual(taken);
            fair.putBack(again);
          } else {
            for (const taken of fair.take(step.count)) {
              waiting = waiting.filter((other) => other !== taken);
              turns.push({ taken, waiting });
            }
          }
          expect(fair.size).toBe(waiting.length);
        }
        for (const [index, turn] of turns.entries()) {
          // Of one path, what came first.
          const earlier = turn.waiting.filter((other) => sameUpTo(3, other, turn.taken));
          for (const other of earlier) expect(other.number).toBeGreaterThan(turn.taken.number);
          for (const depth of [0, 1, 2]) {
            const before = turns.slice(0, index).findLastIndex(({ taken }) => sameUpTo(depth + 1, taken, turn.taken));
            if (before < 0) continue;
            const between = turns.slice(before + 1, index).map(({ taken }) => taken);
            const passed = turn.waiting.filter(
              (other) =>
                sameUpTo(depth, other, turn.taken) &&
                !sameUpTo(depth + 1, other, turn.taken) &&
                turns[before]?.waiting.includes(other),
            );
            for (const other of passed) expect(between.some((taken) => sameUpTo(depth + 1, taken, other))).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what does not wait here cannot be removed', () => {
    const fair = queue();
    const waiting = one('t', 'p', 'r');
    fair.add(waiting);
    expect(fair.remove(one('t', 'p', 'r'))).toBe(false);
    expect(fair.remove(one('t', 'q', 'r'))).toBe(false);
    expect(fair.remove(waiting)).toBe(true);
    expect(fair.remove(waiting)).toBe(false);
    expect(fair.size).toBe(0);
  });
});
