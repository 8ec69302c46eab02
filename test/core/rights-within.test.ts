import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArgumentConstraint, Right } from '../../src/core/rights.ts';
import { covers, mayCover } from '../../src/core/rights-cover.ts';
import { isWithin } from '../../src/core/rights-within.ts';
import { callsNear, narrowed, someRights } from './rights.ts';

const RUNS = { numRuns: 3_000 };
const right = (change: Partial<Right> = {}): Right => ({
  actions: ['tool.call'],
  resources: ['tool/github/*'],
  args: {},
  ...change,
});

describe('rights within others', () => {
  test('cover no call that the others do not: through any chain', () => {
    let within = 0;
    const chains = someRights.chain((first) =>
      narrowed(first).chain((second) =>
        narrowed(second).chain((third) => callsNear(third).map((call) => ({ first, second, third, call }))),
      ),
    );
    fc.assert(
      fc.property(chains, ({ first, second, third, call }) => {
        if (!isWithin(second, first) || !isWithin(third, second)) return;
        if (mayCover(third, call)) expect(mayCover(first, call)).toBe(true);
        if (!covers(third, call)) return;
        within += 1;
        expect(covers(second, call)).toBe(true);
        expect(covers(first, call)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(within).toBeGreaterThan(500);
  });

  test('is reflexive', () => {
    fc.assert(
      fc.property(someRights, (rights) => {
        expect(isWithin(rights, rights)).toBe(true);
      }),
      RUNS,
    );
  });

  test('is transitive', () => {
    const chains = someRights.chain((first) =>
      narrowed(first).chain((second) => narrowed(second).map((third) => [first, second, third] as const)),
    );
    let chained = 0;
    fc.assert(
      fc.property(chains, ([first, second, third]) => {
        if (!isWithin(second, first) || !isWithin(third, second)) return;
        chained += 1;
        expect(isWithin(third, first)).toBe(true);
      }),
      RUNS,
    );
    expect(chained).toBeGreaterThan(500);
  });

  test.each<[string, readonly Right[] | undefined, readonly Right[] | undefined, boolean]>([
    ['no rights are within any', [], [right()], true],
    ['any rights are within everything', [right()], undefined, true],
    ['everything is within everything', undefined, undefined, true],
    ['everything is not within rights', undefined, [right()], false],
    ['another action is not', [right({ actions: ['tool.list'] })], [right()], false],
    ['a wider resource is not', [right({ resources: ['tool/*'] })], [right()], false],
    ['an open resource is not within one that is exact', [right()], [right({ resources: ['tool/github/x'] })], false],
    [
      'one right may be shared out among several',
      [right({ resources: ['tool/a/x', 'tool/b/x'] })],
      [right({ resources: ['tool/a/*'] }), right({ resources: ['tool/b/*'] })],
      true,
    ],
    ['a constraint that was taken out is not', [right()], [right({ args: { owner: [{ prefix: 'a' }] } })], false],
    [
      'a constraint on another argument is not',
      [right({ args: { repo: [{ prefix: 'a' }] } })],
      [right({ args: { owner: [{ prefix: 'a' }] } })],
      false,
    ],
    ['a constraint that is new is', [right({ args: { owner: [{ prefix: 'a' }] } })], [right()], true],
    [
      'a name that objects have anyway is no constraint',
      [right()],
      [right({ args: { constructor: [{ prefix: 'a' }] } })],
      false,
    ],
  ])('%s', (_, child, parent, expected) => {
    expect(isWithin(child, parent)).toBe(expected);
  });

  const unknown = { range: [1, 2] } as unknown as ArgumentConstraint;
  const double = { max: 1, min: 0 } as unknown as ArgumentConstraint;
  test.each([unknown, double, {} as ArgumentConstraint])('an unknown constraint is not: %j', (constraint) => {
    const odd = [right({ args: { owner: [constraint] } })];
    expect(isWithin(odd, [right()])).toBe(false);
    expect(isWithin(odd, undefined)).toBe(false);
    expect(isWithin(odd, odd)).toBe(false);
    expect(isWithin([right({ args: { owner: [{ prefix: 'a' }] } })], [right({ args: { owner: [unknown] } })])).toBe(
      false,
    );
  });

  const one = (constraint: ArgumentConstraint): readonly Right[] => [right({ args: { owner: [constraint] } })];
  test.each<[ArgumentConstraint, ArgumentConstraint, boolean]>([
    [{ one_of: ['a'] }, { one_of: ['a', 'b'] }, true],
    [{ one_of: ['a', 'c'] }, { one_of: ['a', 'b'] }, false],
    [{ one_of: ['1'] }, { one_of: [1] }, false],
    [{ prefix: 'a' }, { one_of: ['a'] }, false],
    [{ prefix: 'acme/web' }, { prefix: 'acme/' }, true],
    [{ prefix: 'acme' }, { prefix: 'acme/' }, false],
    [{ one_of: ['acme/x'] }, { prefix: 'acme/' }, true],
    [{ one_of: ['acme/x', 3] }, { prefix: 'acme/' }, false],
    [{ max: 3 }, { prefix: '' }, false],
    [{ max: 3 }, { max: 4 }, true],
    [{ max: 5 }, { max: 4 }, false],
    [{ min: 3 }, { max: 4 }, false],
    [{ one_of: [4, -1] }, { max: 4 }, true],
    [{ one_of: [5] }, { max: 4 }, false],
    [{ one_of: ['3'] }, { max: 4 }, false],
    [{ min: 3 }, { min: 3 }, true],
    [{ min: 2 }, { min: 3 }, false],
    [{ max: 3 }, { min: 3 }, false],
    [{ one_of: [3] }, { min: 3 }, true],
    [{ one_of: [true] }, { min: 0 }, false],
  ])('%j under %j: %s', (child, parent, expected) => {
    expect(isWithin(one(child), one(parent))).toBe(expected);
  });
});
