import { describe, expect, test } from 'vitest';
import { flaws, outcome } from './expressions.ts';
import { problemsOf } from './fixtures.ts';

describe('a field of the arguments counts as guarded', () => {
  test.each([
    'has(args.x) && args.x == 1',
    'args.x == 1 && has(args.x)',
    'has(args.x) && has(args.y) && args.x == args.y',
    'has(args.x) && (args.x == 1 || args.x == 2)',
    '"x" in args && args["x"] == 1',
    'has(args.x) ? args.x == 1 : false',
    '!has(args.x) ? true : args.x == 1',
    '!has(args.x) || args.x == 1',
    'args.x == 1 || !has(args.x)',
    '!(!has(args.x) || !has(args.y)) && args.x == args.y',
    '!(has(args.x) && has(args.y)) || args.x == args.y',
    '!(has(args.x) || has(args.x)) || args.x == 1',
    '(has(args.x) && true || has(args.x) && false) && args.x == 1',
    'has(args.x) && has(args.x.y) && args.x.y == 1',
    'has(args.x) && has(args.x.y) && has(args.x.y.z) && args.x["y"].z == 1',
    'args.?x.orValue(1) == 1',
    'args[?"x"].orValue(1) == 1',
    'args.?x.?y.z.orValue(1) == 1',
    'has(args.x) && args.x.all(i, has(i.y) && i.y == 1)',
    'has(args.x) && args.x.map(i, has(i.y), i.y) == [1]',
    'has(args.x) && args.x[0] == 1',
    'args.exists(k, k == "x")',
    'args.exists(k, args[k] == 1)',
    'size(args) > 1',
    'principal.actors.all(a, a.subject != "x")',
    'has(args.x) && principal.scopes.all(s, s != args.x)',
  ])('%s', (source) => {
    expect(flaws(source)).toEqual([]);
  });
});

describe('a field of the arguments that may be missing is refused', () => {
  test.each([
    ['args.x == 1', 0, 'args.x'],
    ['args["x"] == 1', 0, 'args.x'],
    ['has(args.y) && args.x == 1', 15, 'args.x'],
    ['has(args.x) || args.x == 1', 15, 'args.x'],
    ['!has(args.x) && args.x == 1', 16, 'args.x'],
    ['has(args.x) ? true : args.x == 1', 21, 'args.x'],
    ['(has(args.x) || has(args.y)) && args.x == 1', 32, 'args.x'],
    ['!(!has(args.x) && !has(args.y)) && args.x == 1', 35, 'args.x'],
    ['has(args.x.y) && true', 4, 'args.x'],
    ['has(args.x) && args.x.y == 1', 15, 'args.x.y'],
    ['args.x.?y.orValue(1) == 1', 0, 'args.x'],
    ['args.x.all(i, true)', 0, 'args.x'],
    ['has(args.x) && args.x.all(i, i.y == 1)', 29, 'i.y'],
    ['has(args.x) && args.x.map(i, i.y, has(i.y)) == [true]', 29, 'i.y'],
    ['[args.x].size() == 1', 1, 'args.x'],
    ['{"a": args.x}.size() == 1', 6, 'args.x'],
    ['-args.x == 1', 1, 'args.x'],
    ['agent in args && args.x == 1', 17, 'args.x'],
    ['"x" in ["x"] && args.x == 1', 16, 'args.x'],
  ])('%s', (source, offset, field) => {
    expect(flaws(source)).toContainEqual({ offset, message: expect.stringContaining(`\`${field}\` may be missing`) });
  });

  test('with the way out', () => {
    expect(flaws('args.x == 1')).toEqual([
      { offset: 0, message: '`args.x` may be missing: guard it with `has(args.x) && …`, or read `.?x.orValue(…)`' },
    ]);
  });

  test('a chain of guards that lean on each other is refused', () => {
    expect(flaws('has(args.a.b) && has(args.a.b.c)')).not.toEqual([]);
  });
});

describe('a guarded condition never fails for what is missing', () => {
  test.each([
    'has(args.x) && args.x == 1',
    'args.x == 1 && has(args.x)',
    '!has(args.x) || args.x == 1',
    'args.x == 1 || !has(args.x)',
    'has(args.x.y) && has(args.x) && args.x.y == 1',
    'has(args.x) ? args.x == 1 : false',
    'args.?x.?y.orValue(1) == 1',
  ])('%s', (source) => {
    for (const args of [{}, { x: 1 }, { x: {} }, { x: { y: 1 } }, { y: 1 }])
      expect(outcome(source, args)).toBeTypeOf('boolean');
  });
});

describe('arguments that every request of a rule’s actions has', () => {
  const problems = (does: string, when: string): string[] =>
    problemsOf(JSON.stringify({ policy: 'p', rules: [{ id: 'r', allow: does.split(' '), when }] }));

  test('need no guard; what is in them does', () => {
    expect(problems('http.request', 'has(args.path.id) && args.path.id == "7"')).toEqual([]);
    expect(problems('http.request', '!args.opaque && args.media == ""')).toEqual([]);
    expect(problems('http.request', 'args.path.id == "7"')).toEqual([
      expect.stringContaining('`args.path.id` may be missing'),
    ]);
    expect(problems('http.request', 'args.body == 1')).toEqual([expect.stringContaining('`args.body` may be missing')]);
  });

  test('are those of all its actions', () => {
    expect(problems('http.request tool.call', '!args.opaque')).toEqual([expect.stringContaining('may be missing')]);
    expect(problems('tool.call http.request', '!args.opaque')).toEqual([expect.stringContaining('may be missing')]);
  });
});
