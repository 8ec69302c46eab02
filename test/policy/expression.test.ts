import { describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import { Expressions } from '../../src/policy/expression.ts';
import { PrincipalValue } from '../../src/policy/values.ts';
import { bind, condition, flaws, outcome } from './expressions.ts';
import { principal, request, run } from './fixtures.ts';

const FAILED = { failure: expect.any(String) };

describe('a condition reads', () => {
  test.each([
    'principal.subject == "ana" && subject == "ana"',
    'principal.tenant == "acme" && tenant == "acme"',
    'principal.agent == "researcher" && agent == "researcher"',
    'principal.issuer.endsWith(".test")',
    '"tools" in principal.scopes && principal.scopes.size() == 1',
    'principal.actors.exists(a, a.subject == "boss" && has(a.issuer))',
    'action == "tool.call"',
    'resource.kind == "tool" && resource.upstream == "github" && resource.name == "get_file"',
    'run.id == "run_1" && run.depth == 2 && run.depth + 1 > 2',
    'context.route == "mcp" && !context.stream',
    'context.time == now && now > timestamp("2026-11-23T00:00:00Z")',
    'has(args.path) && args.path == "README"',
    'args.?path.orValue("") == "README" && !args.?nothing.hasValue()',
  ])('%s', (source) => {
    const asked = request({
      principal: principal({ actors: [{ subject: 'boss', issuer: 'x' }] }),
      args: { path: 'README' },
    });
    expect(bind({ ...asked, run: { ...asked.run, depth: 2 } }).evaluate(condition(source))).toBe(true);
  });
});

describe('a condition reads of a run', () => {
  const timeMs = request().context.timeMs;
  const child = run({
    id: 'run_2' as RunId,
    parent: 'run_1' as RunId,
    depth: 1,
    path: ['run_1', 'run_2'] as RunId[],
    source: 'token',
    tree: {
      bornMs: timeMs - 7_200_500,
      labels: new Set(['seen', 'mine@run_2', 'above@run_1', 'other@run_3']),
      counts: new Map([
        ['steps', 12],
        ['errors', 2],
        ['spent', 2_500_000],
        ['calls:tool/mail/*', 3],
      ]),
    },
  });

  test.each([
    'run.id == "run_2" && run.root == "run_1" && run.parent == "run_1"',
    'run.depth == 1 && run.source == "token"',
    '"seen" in run.labels && run.labels.size() == 3 && run.labels == ["seen", "mine", "above"]',
    'run.age > duration("2h") && run.age < duration("7201s") && run.age.getHours() == 2',
    'now - run.age < now',
    'run.steps == 12 && run.steps >= 12 && run.steps < 13 && 11.5 < run.steps',
    'run.errors == 2 && run["errors"] != 3',
    'run.spent == 2.5 && run.spent > 2 && run.spent < 2.500001',
    'run.calls["tool/mail/*"] == 3 && run.calls["tool/github/*"] == 0',
  ])('%s', (source) => {
    expect(bind(request({ run: child })).evaluate(condition(source))).toBe(true);
  });

  test.each([
    'run.parent == "" && run.root == run.id',
    'run.age == duration("0s")',
    'run.labels == []',
    'run.steps == 0 && run.errors == 0 && run.spent == 0.0 && run.calls["tool/mail/*"] == 0',
  ])('that nobody has seen: %s', (source) => {
    expect(bind(request()).evaluate(condition(source))).toBe(true);
  });

  test('that begins by a clock ahead of ours no age below zero', () => {
    const ahead = run({ tree: { bornMs: timeMs + 5_000 } });
    expect(bind(request({ run: ahead })).evaluate(condition('run.age == duration("0s")'))).toBe(true);
  });
});

describe('whole numbers of JSON are integers, others are not', () => {
  test.each([
    'args.n + 1 == 6',
    'args.n - 1 == 4',
    'args.n * 2 == 10',
    'args.n % 2 == 1',
    'args.n / 2 == 2',
    '-args.n == -5',
    'args.n == 5 && args.n == 5.0 && args.n != 6',
    'args.n > 4 && args.n > 4.5 && args.n <= 5 && args.n < 5.5',
    'args.n + 0.5 == 5.5',
    '0.5 + args.n == 5.5',
    'args.n * 1.5 == 7.5',
    'args.n / 2.0 == 2.5',
    'args.n - 0.5 == 4.5',
    'args.f + 1 == 2.5',
    '1 + args.f == 2.5',
    'args.f * 2 == 3.0',
    'args.f > 1 && args.f < 2',
    'args.n in [1, 5]',
    'args.f in [1.5]',
    '2 in args.list',
    'args.list == [1, 2, 3]',
    'args.list[0] + 1 == args.list[1]',
    'size(args.list) == 3 && args.list.size() == args.n - 2',
    'args.list.all(x, x > 0) && args.list.exists(x, x % 2 == 0)',
    'args.list.map(x, x * 2) == [2, 4, 6]',
    'args.deep.n == 7 && args.deep.n + 1 == 8',
    'type(args.n) == int && type(args.f) == double',
    'string(args.n) == "5"',
    'args.big > 9000000000000000.0',
    'args.huge > 1.0',
  ])('%s', (source) => {
    const guarded = ['n', 'f', 'list', 'deep', 'deep.n', 'big', 'huge'].map((name) => `has(args.${name})`).join(' && ');
    const args = { n: 5, f: 1.5, list: [1, 2, 3], deep: { n: 7 }, big: Number.MAX_SAFE_INTEGER, huge: 1e300 };
    expect(outcome(`${guarded} && ${source}`, args)).toBe(true);
  });

  test('what overflows an integer fails instead of going wrong', () => {
    const args = { n: Number.MAX_SAFE_INTEGER };
    expect(outcome('has(args.n) && args.n * args.n > 0', args)).toEqual({
      failure: expect.stringContaining('overflow'),
    });
    expect(outcome('has(args.n) && args.n / 0 > 0', args)).toEqual({ failure: 'division by zero' });
  });
});

describe('names of prototypes are names like any other', () => {
  const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each(NAMES)('`%s` is absent unless the caller sends it', (name) => {
    expect(outcome(`"${name}" in args`)).toBe(false);
    expect(outcome(`args[?"${name}"].hasValue()`)).toBe(false);
    const sent = JSON.parse(`{"${name}": "x", "deep": {"${name}": 1}}`) as Record<string, unknown>;
    expect(outcome(`"${name}" in args && args["${name}"] == "x"`, sent)).toBe(true);
    expect(outcome(`"${name}" in args.?deep.orValue({})`, sent)).toBe(true);
  });
});

describe('what is neither true nor false', () => {
  test.each([
    ['args.?flag.orValue(false)', { flag: 'yes' }],
    ['args.?flag.orValue(false)', { flag: 1 }],
    ['args.?flag.orValue(false)', { flag: null }],
    ['has(args.flag) && args.flag', { flag: 'yes' }],
    ['has(args.flag) && !args.flag', { flag: 'yes' }],
    ['has(args.n) && args.n < "5"', { n: 5 }],
    ['has(args.n) && args.n.startsWith("a")', { n: 5 }],
    ['has(args.list) && args.list[3] == 1', { list: [1] }],
    ['has(args.list) && args.list.all(x, x > 0)', { list: 'no list' }],
    ['(now + duration("9000000h")).getFullYear() > 0 && (now + duration("9999999999h")).getFullYear() > 0', {}],
  ])('is a failure: `%s` on %j', (source, args) => {
    expect(outcome(source, args)).toEqual(FAILED);
  });

  test('does not matter where the other side decides, as in CEL', () => {
    expect(outcome('args.?flag.orValue(false) || true', { flag: 'yes' })).toBe(true);
    expect(outcome('args.?flag.orValue(false) && false', { flag: 'yes' })).toBe(false);
  });

  test('of different types is not equal', () => {
    expect(outcome('has(args.n) && args.n == "5"', { n: 5 })).toBe(false);
  });

  test('says what failed without a drawing of the place', () => {
    expect(outcome('has(args.n) && args.n.matches("a")', { n: 5 })).toEqual({
      failure: "found no matching overload for 'int.matches(string)'",
    });
  });
});

describe('what is wrong with a condition is found at load', () => {
  test.each([
    ['agent ==', 8, 'unexpected token: EOF'],
    ['agent = "a"', 6, 'unexpected character: ='],
    ['agent == 3', 0, 'no such overload: string == int'],
    ['agent && true', 0, "logical operator requires bool operands, got 'string'"],
    ['agent', 0, 'the condition gives `string`, expected true or false'],
    ['size(agent)', 0, 'the condition gives `int`, expected true or false'],
    ['true ? agent : 1', 0, 'ternary branches must have the same type'],
    ['principal.scopes + 1 == 2', 0, 'no such overload'],
    ['agent.size(1) == 1', 0, 'found no matching overload'],
    ['[1, "a"] == [1]', 4, 'list elements must have the same type'],
    ['args.x.all(1, true)', 11, 'invalid predicate iteration variable'],
    ['has(agent)', 4, 'has() invalid argument'],
    ['[].all(e, e > 0)', 0, 'operator overload'],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 24, 'exceeded maxDepth'],
    [Array.from({ length: 300 }, () => 'true').join(' && '), expect.any(Number), 'exceeded maxAstNodes'],
    [
      `agent in [${Array.from({ length: 300 }, () => '"a"').join(', ')}]`,
      expect.any(Number),
      'exceeded maxListElements',
    ],
  ])('`%s`', (source, offset, message) => {
    expect(flaws(source)).toEqual([{ offset, message: expect.stringContaining(message) }]);
  });
});

describe('an `applies`', () => {
  const expressions = new Expressions();

  test('reads the principal, and nothing of one call', () => {
    const sources = [
      'agent == "a"',
      'tenant == "t"',
      '"x" in scopes',
      'issuer == "i"',
      'actors.size() == 0',
      'subject != ""',
    ];
    const value = new PrincipalValue(principal({ agent: 'a', tenant: 't', scopes: ['x'], issuer: 'i' }));
    for (const source of sources) {
      const compiled = expressions.applies(source);
      expect('run' in compiled && compiled.run(value)).toBe(true);
    }
    for (const source of ['args.x == 1', 'resource.kind == "tool"', 'principal.agent == "a"', 'now > now'])
      expect(expressions.applies(source)).toEqual(
        expect.arrayContaining([expect.objectContaining({ message: expect.stringContaining('unknown variable') })]),
      );
  });
});
