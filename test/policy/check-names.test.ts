import { describe, expect, test } from 'vitest';
import { FUNCTIONS, METHODS, RULE_VARIABLES } from '../../src/policy/vocabulary.ts';
import { flaws } from './expressions.ts';

describe('an unknown name is told with the one that was meant', () => {
  test.each([
    ['arg.x == 1', 0, 'unknown variable `arg`, did you mean `args`?'],
    ['agnet == "a"', 0, 'unknown variable `agnet`, did you mean `agent`?'],
    ['run.dept > 1', 4, 'unknown field `run.dept`, did you mean `run.depth`?'],
    ['run["dept"] > 1', 0, 'unknown field `run.dept`, did you mean `run.depth`?'],
    ['resource.constructor == "x"', 9, 'unknown field `resource.constructor`, expected one of `resource.kind`'],
    ['principal.?agnt.hasValue()', 0, 'unknown field `principal.agnt`, did you mean `principal.agent`?'],
    ['agent.startWith("a")', 6, 'unknown function `startWith`, did you mean `startsWith`?'],
    ['(agent).lower() == "a"', 8, 'unknown function `lower`'],
    ['lenght(agent) == 1', 0, 'unknown function `lenght`'],
    ['cel.bind(x, 1, x == 1)', 4, 'unknown function `bind`'],
    ['google.protobuf == 1', 0, 'unknown variable `google`'],
    ['optional.none() == 1', 9, 'unknown function `none`'],
    ['bytes("a").json() == {}', 11, 'unknown function `json`'],
  ])('%s', (source, offset, message) => {
    expect(flaws(source)).toContainEqual({ offset, message: expect.stringContaining(message) });
  });

  test('all of them at once', () => {
    expect(flaws('agnet == "a" && resource.nam == "b" || run.dept == 1').map(({ offset }) => offset)).toEqual([
      0, 25, 43,
    ]);
  });
});

describe('loops', () => {
  test('run at most two in each other, one after the other as many as needed', () => {
    const inner = 'principal.scopes.all(c, c == b)';
    expect(flaws(`principal.scopes.all(a, principal.scopes.all(b, a == b))`)).toEqual([]);
    expect(flaws('principal.scopes.filter(a, a != "x").map(b, b + "y").exists(c, c == "z")')).toEqual([]);
    expect(flaws(`principal.scopes.all(a, principal.scopes.all(b, ${inner}))`)).toEqual([
      { offset: 48, message: 'more than 2 loops in each other' },
    ]);
  });

  test.each(['args', 'agent', 'int'])('do not take the name `%s`', (name) => {
    expect(flaws(`principal.scopes.all(${name}, true)`)).toEqual([
      { offset: 21, message: `the name \`${name}\` is taken` },
    ]);
  });

  test('do not take the name of the loop around them', () => {
    expect(flaws('principal.scopes.all(a, principal.scopes.all(a, true))')).toEqual([
      { offset: 45, message: 'the name `a` is taken' },
    ]);
  });

  test('keep their variable to themselves', () => {
    expect(flaws('principal.scopes.all(a, true) && a == "x"')).toEqual([
      { offset: 33, message: expect.stringContaining('unknown variable `a`') },
    ]);
  });

  test('that lack a part are no loops', () => {
    expect(flaws('principal.scopes.all(agent)')).toEqual([
      { offset: 0, message: expect.stringContaining('no matching overload') },
    ]);
    expect(flaws('principal.scopes.all()')).toEqual([
      { offset: 0, message: expect.stringContaining('no matching overload') },
    ]);
  });
});

test('`split` has no second argument, whose form has no bound', () => {
  expect(flaws('agent.split(",", 2).size() == 1')).toEqual([{ offset: 6, message: '`split` takes one argument' }]);
});

describe('literal arguments', () => {
  test('a regular expression is compiled at load, and linear', () => {
    expect(flaws('agent.matches("^(a+)+$")')).toEqual([]);
    expect(flaws('agent.matches("(a")')).toEqual([
      { offset: 14, message: expect.stringContaining('missing closing )') },
    ]);
    expect(flaws('agent.matches("(?=a)")')).toEqual([{ offset: 14, message: expect.stringContaining('(?=') }]);
    expect(flaws(String.raw`agent.matches("(a)\\1")`)).toEqual([{ offset: 14, message: expect.any(String) }]);
    expect(flaws('agent.matches("(a{1000}){1000}")')).toEqual([
      { offset: 14, message: expect.stringContaining('repeat') },
    ]);
  });

  test('a regular expression that is computed is refused', () => {
    for (const source of ['agent.matches(subject)', 'agent.matches("a" + "b")', 'agent.matches(1)'])
      expect(flaws(source)).toEqual([{ offset: 14, message: 'expected a literal text as argument of `matches`' }]);
  });

  test('a time zone is known at load', () => {
    expect(flaws('now.getHours("Europe/Berlin") > 8')).toEqual([]);
    expect(flaws('now.getHours("Europe/Berln") > 8')).toEqual([
      { offset: 13, message: expect.stringContaining('unknown time zone `Europe/Berln`') },
    ]);
    expect(flaws('now.getHours(agent) > 8')).toEqual([
      { offset: 13, message: 'expected a literal text as argument of `getHours`' },
    ]);
  });
});

describe('the vocabulary', () => {
  test('names nothing twice', () => {
    const names = [...METHODS];
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(FUNCTIONS).size).toBe(FUNCTIONS.length);
    expect(Object.keys(RULE_VARIABLES)).toHaveLength(10);
  });
});
