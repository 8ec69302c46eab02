import { describe, expect, test } from 'vitest';
import { decisiveParts } from '../../src/policy/trace.ts';
import { bind, condition } from './expressions.ts';
import { request } from './fixtures.ts';

const parts = (source: string, args: Readonly<Record<string, unknown>> = {}) =>
  decisiveParts(bind(request({ args })).trace(condition(source)));

describe('the parts that made a condition what it is', () => {
  test.each([
    ['agent == "researcher"', {}, ['`agent == "researcher"` was true']],
    ['agent == "x" && subject == "ana"', {}, ['`agent == "x"` was false']],
    ['agent == "x" || subject == "y"', {}, ['`agent == "x"` was false', '`subject == "y"` was false']],
    ['agent == "x" || subject == "ana"', {}, ['`subject == "ana"` was true']],
    [
      'agent == "researcher" && subject == "ana"',
      {},
      ['`agent == "researcher"` was true', '`subject == "ana"` was true'],
    ],
    ['!(agent == "x" || subject == "ana")', {}, ['`subject == "ana"` was true']],
    ['has(args.a) && args.a == 1', {}, ['`has(args.a)` was false']],
    ['has(args.a) && args.a == 1', { a: 2 }, ['`args.a == 1` was false']],
    ['has(args.a) && args.a < 1', { a: 'x' }, ['`args.a < 1` failed: no such overload: dyn<string> < int']],
    ['has(args.a) && args.a.matches("^x")', { a: 'y' }, ['`args.a.matches("^x")` was false']],
    ['has(args.a) && !args.a', { a: 1 }, ['`args.a` failed: it is neither true nor false']],
    ['agent == "x" // a comment', {}, ['`agent == "x"` was false']],
    ['now.getHours("UTC") == 1', {}, ['`now.getHours("UTC") == 1` was false']],
  ])('%s on %j', (source, args, told) => {
    expect(parts(source, args)).toEqual(told);
  });

  test('are evaluated by themselves; what only the whole exceeds is told of the whole', () => {
    const source = 'args.?a.orValue("").matches("b") || args.?a.orValue("").matches("c")';
    const told = parts(source, { a: 'a'.repeat(40_000) });
    expect(told).toEqual([expect.stringMatching(/^`.* \|\| .*` failed: `matches` reads at most/)]);
  });

  test('are found in a condition as long and as deep as may be', () => {
    const long = Array.from({ length: 99 }, () => 'agent != "x"').join(' && ');
    expect(parts(long)).toHaveLength(99);
    const deep = `${'('.repeat(23)}agent == "x"${')'.repeat(23)}`;
    expect(parts(deep)).toEqual(['`agent == "x"` was false']);
  });
});
