import { describe, expect, test } from 'vitest';
import { bind, condition, outcome } from './expressions.ts';
import { request } from './fixtures.ts';

const TOO_LARGE = { failure: 'the arguments are too large to loop over' };
const list = (length: number, value: (index: number) => unknown = (index) => index) =>
  Array.from({ length }, (_, index) => value(index));

describe('facts', () => {
  test('are the arguments that conditions read, by their place', () => {
    const args = { owner: 'acme', repo: { name: 'web', private: true }, other: 1 };
    const bindings = bind(request({ args }));
    expect(bindings.facts).toEqual({});
    bindings.evaluate(condition('has(args.owner) && args.owner == "acme"'));
    bindings.evaluate(condition('args.?repo.?name.orValue("") == "web"'));
    bindings.evaluate(condition('args.?missing.?deeper.orValue(1) == 1 && args.?owner.?deeper.orValue(1) == 1'));
    expect(bindings.facts).toEqual({ 'args.owner': 'acme', 'args.repo.name': 'web' });
    bindings.evaluate(condition('size(args) == 3'));
    expect(bindings.facts).toEqual({ 'args.owner': 'acme', 'args.repo.name': 'web', args });
  });

  test('keep the values as they came, not as CEL sees them', () => {
    const bindings = bind(request({ args: { n: 5, map: { a: 1 } } }));
    bindings.evaluate(condition('args.?n.orValue(0) == 5 && args.?map.orValue({}).size() == 1'));
    expect(bindings.facts).toEqual({ 'args.n': 5, 'args.map': { a: 1 } });
  });
});

describe('the arguments', () => {
  test('are seen whole by a condition that reads them whole, whatever others read before', () => {
    const bindings = bind(request({ args: { a: 1, b: 2, c: 3 } }));
    expect(bindings.evaluate(condition('args.?a.orValue(0) == 1'))).toBe(true);
    expect(bindings.evaluate(condition('size(args) == 3'))).toBe(true);
    expect(bindings.evaluate(condition('args.all(k, k in ["a", "b", "c"])'))).toBe(true);
  });

  test('of which a condition reads nothing are not even looked at', () => {
    const args = {
      get huge(): never {
        throw new Error('read');
      },
      small: 1,
    };
    expect(outcome('args.?small.orValue(0) == 1', args)).toBe(true);
  });
});

describe('loops', () => {
  const one = 'has(args.list) && args.list.all(x, x != -1)';
  const two = 'has(args.list) && args.list.all(x, args.list.exists(y, x == y))';

  test('run over lists of the usual size', () => {
    expect(outcome(one, { list: list(60_000) })).toBe(true);
    expect(outcome(two, { list: list(200) })).toBe(true);
    expect(outcome(one, { list: list(1_000, () => 'a'.repeat(4_000)) })).toBe(true);
  });

  test('are refused where they would take too long', () => {
    expect(outcome(one, { list: list(70_000) })).toEqual(TOO_LARGE);
    expect(outcome(two, { list: list(300) })).toEqual(TOO_LARGE);
    expect(outcome(one, { list: list(1_000, () => 'a'.repeat(5_000)) })).toEqual(TOO_LARGE);
  });

  test('count everything that they can reach', () => {
    const reach = 'has(args.text) && has(args.list) && args.list.all(x, args.text.contains(string(x)) || true)';
    expect(outcome(reach, { list: list(1_000), text: 'a'.repeat(3_000) })).toBe(true);
    expect(outcome(reach, { list: list(1_000), text: 'a'.repeat(5_000) })).toEqual(TOO_LARGE);
    expect(outcome(one, { list: [{ deep: list(70_000) }] })).toEqual(TOO_LARGE);
    const walk = 'has(args.list) && args.list.all(x, x in args.list)';
    expect(outcome(walk, { list: list(200) })).toBe(true);
    expect(outcome(walk, { list: list(300) })).toEqual(TOO_LARGE);
  });

  test('over what the caller did not send cost nothing', () => {
    expect(outcome(one)).toBe(false);
    expect(outcome('principal.scopes.all(s, s != "x")', { list: list(70_000) })).toBe(true);
  });

  test('that do not run leave the size open', () => {
    expect(outcome('has(args.list) && args.list.size() == 100000', { list: list(100_000) })).toBe(true);
    expect(outcome('has(args.list) && 99999 in args.list', { list: list(100_000) })).toBe(true);
  });
});

describe('a trace', () => {
  test('of a loop that may not run tells just that', () => {
    const over = condition('has(args.list) && args.list.all(x, x != -1)');
    expect(bind(request({ args: { list: list(70_000) } })).trace(over)).toEqual({
      text: over.source,
      outcome: TOO_LARGE,
      parts: [],
    });
  });
});
