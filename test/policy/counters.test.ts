import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rangeOf } from '../../src/policy/counters.ts';
import { decide } from '../../src/policy/decide.ts';
import { condition, flaws } from './expressions.ts';
import { counted, request, rulesOnly } from './fixtures.ts';

const END = Number.MAX_SAFE_INTEGER;
const cuts = (source: string) => condition(source).counters.map(({ name, cuts: at }) => [name, ...at]);

describe('where a comparison turns', () => {
  test.each([
    ['run.steps >= 100', [['steps', 100]]],
    ['run.steps < 100', [['steps', 100]]],
    ['run.steps > 100', [['steps', 101]]],
    ['run.steps <= 100', [['steps', 101]]],
    ['run.steps == 100', [['steps', 100, 101]]],
    ['run.steps != 100', [['steps', 100, 101]]],
    ['100 <= run.steps', [['steps', 100]]],
    ['100 > run.steps', [['steps', 100]]],
    ['100 < run.steps', [['steps', 101]]],
    ['100 >= run.steps', [['steps', 101]]],
    ['run.errors > 4.5', [['errors', 5]]],
    ['run["errors"] < 4.5', [['errors', 5]]],
    ['run.calls["tool/a/*"] == 0', [['calls:tool/a/*', 1]]],
    ['run.steps >= 0', [['steps']]],
    ['run.steps < 9223372036854775807', [['steps']]],
    ['run.spent >= 2.50', [['spent', 2_500_000]]],
    ['run.spent > 0.000001', [['spent', 2]]],
    ['run.spent == 5.0', [['spent', 5_000_000, 5_000_001]]],
    ['run.spent >= 5', [['spent', 5_000_000]]],
    [
      'run.steps > 9 || (agent == "a" && !(run.steps < 3)) || run.errors > 1',
      [
        ['steps', 3, 10],
        ['errors', 2],
      ],
    ],
    ['principal.scopes.all(s, run.steps > 9)', [['steps', 10]]],
    ['run.depth > 3 && run.age > duration("1h")', []],
  ])('%s', (source, expected) => {
    expect(cuts(source)).toEqual(expected);
  });

  test('of calls is known by the pattern that is counted', () => {
    expect(condition('run.calls["tool/a/{b,c}"] > 3').counters).toMatchObject([
      { name: 'calls:tool/a/{b,c}', pattern: { kind: 'tool', globs: [{ name: 'b' }, { name: 'c' }] } },
    ]);
  });
});

test('a range is what lies between the two nearest turns', () => {
  const counter = { name: 'steps', pattern: undefined, cuts: [3, 10] };
  const range = (value: number) => {
    const { atLeast, below } = rangeOf(counter, value);
    return [atLeast, below];
  };
  expect([0, 2, 3, 9, 10, 1_000].map(range)).toEqual([
    [0, 3],
    [0, 3],
    [3, 10],
    [3, 10],
    [10, END],
    [10, END],
  ]);
});

describe('a counter that is read otherwise is refused, with what to write', () => {
  test.each([
    'run.steps + 1 > 100',
    'run.steps > int(run.labels[0])',
    'run.errors > int(agent)',
    'run.errors in [1, 2]',
    'run.steps > -5',
    'has(run.steps)',
    'run.?steps.orValue(0) > 5',
    'run.?calls["tool/a/*"] == 5',
    'run.calls == {}',
    'size(run.calls) > 5',
    'run.calls[agent] > 5',
    'run.calls > 5',
    'run.steps["x"] > 5',
    'run.calls["tool/a/*"]["x"] > 5',
    '"tool/a/*" in run.calls',
    'string(run.spent) == "5"',
  ])('%s', (source) => {
    expect(flaws(source)).toEqual([
      {
        offset: expect.any(Number),
        message: expect.stringMatching(
          /`run\.(\w+)` changes with every call: compare it with a number, e\.g\. `run\.\1/,
        ),
      },
    ]);
  });

  test.each(['run == run', '[run].exists(r, r.steps > 5)', '(true ? run : run).steps > 5', 'type(run) == type(run)'])(
    '`run` as a whole would hide what is read: %s',
    (source) => {
      expect(flaws(source)).toContainEqual({
        offset: expect.any(Number),
        message: 'expected a field of `run`, e.g. `run.depth`',
      });
    },
  );

  test('an amount of money has no fractions of a micro-USD', () => {
    expect(flaws('run.spent > 0.0000001')).toEqual([
      { offset: 12, message: 'expected an amount in USD with at most six decimals' },
    ]);
  });

  test('a pattern is one, as in `on`', () => {
    expect(flaws('run.calls["tols/a/*"] > 5')).toEqual([
      { offset: 0, message: expect.stringContaining('unknown kind of resource `tols`') },
    ]);
  });
});

describe('within the ranges that a permit names', () => {
  const comparison = fc
    .record({
      counter: fc.constantFrom(
        'run.steps',
        'run.errors',
        'run.spent',
        'run.calls["tool/github/*"]',
        'run.calls["tool/*/get_file"]',
      ),
      op: fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
      literal: fc.integer({ min: 0, max: 12 }),
      turned: fc.boolean(),
    })
    .map(({ counter, op, literal, turned }) => {
      const number = counter === 'run.spent' ? `${literal}.5` : String(literal);
      return turned ? `${number} ${op} ${counter}` : `${counter} ${op} ${number}`;
    });
  const when = fc.oneof(
    comparison,
    fc.tuple(comparison, fc.constantFrom('&&', '||'), comparison).map((parts) => parts.join(' ')),
    comparison.map((text) => `!(${text})`),
    fc.tuple(comparison, comparison).map(([one, other]) => `(${one}) ? ${other} : has(args.x)`),
  );
  const rule = fc.record({ effect: fc.constantFrom('allow', 'allow', 'deny', 'hold'), when });
  const NAMES = ['steps', 'errors', 'spent', 'calls:tool/github/*', 'calls:tool/*/get_file'];
  const counts = fc.record(
    Object.fromEntries(NAMES.map((name) => [name, fc.integer({ min: 0, max: name === 'spent' ? 15_000_000 : 15 })])),
  );

  test('no value of a counter decides otherwise', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), counts, counts, (rules, before, other) => {
        const set = rulesOnly(...rules.map(({ effect, when: text }) => ({ [effect]: 'tool.call', when: text })));
        const decision = decide(set, request({ run: counted(before) }));
        const permit = decision.effect === 'permit' ? decision : decision.held?.permit;
        if (!permit) return;
        // Counters without a range may become whatever they like; the others stay in theirs.
        const after = { ...other };
        for (const { name, atLeast, below } of permit.counts) {
          expect(before[name]).toBeGreaterThanOrEqual(atLeast);
          expect(before[name]).toBeLessThan(below);
          const value = other[name] ?? 0;
          after[name] = Math.min(Math.max(value, atLeast), below - 1);
        }
        const { facts: _, ...then } = decide(set, request({ run: counted(after) }));
        const { facts: __, ...now } = decision;
        expect(withoutFacts(then)).toEqual(withoutFacts(now));
        seen++;
      }),
      { numRuns: 1_500 },
    );
    expect(seen).toBeGreaterThan(100);
  });

  /** The counts that a decision read are told as they were. */
  function withoutFacts(decision: object): object {
    return JSON.parse(
      JSON.stringify(decision, (key, value: unknown) => (key === 'facts' ? undefined : value)),
    ) as object;
  }

  test('the value at either end is within, and the next one outside decides otherwise', () => {
    const set = rulesOnly({ allow: 'tool.call' }, { deny: 'tool.call', when: 'run.steps < 3 || run.steps >= 10' });
    const effect = (steps: number) => decide(set, request({ run: counted({ steps }) })).effect;
    const decision = decide(set, request({ run: counted({ steps: 5 }) }));
    const [range] = decision.effect === 'permit' ? decision.counts : [];
    expect(range).toEqual({ name: 'steps', atLeast: 3, below: 10 });
    expect([2, 3, 9, 10].map(effect)).toEqual(['deny', 'permit', 'permit', 'deny']);
  });
});
