import { describe, expect, test } from 'vitest';
import { condition } from './expressions.ts';

const reads = (source: string) => condition(source).reads.map(({ name }) => name);

describe('what a condition reads of the arguments', () => {
  test.each([
    ['agent == "a"', []],
    ['has(args.owner) && args.owner == "acme"', ['args.owner']],
    ['has(args.repo) && has(args.repo.name) && args.repo["name"] == "x"', ['args.repo', 'args.repo.name']],
    ['args.?repo.?name.orValue("") == "x"', ['args.repo.name']],
    ['has(args.list) && args.list[0] == 1', ['args.list']],
    ['has(args.list) && args.list.exists(x, has(x.y) && x.y == args.?z.orValue(1))', ['args.list', 'args.z']],
    ['size(args) > 3', ['args']],
    ['args.exists(k, k == "x")', ['args']],
    ['"x" in args && args["x"] == 1', ['args', 'args.x']],
  ])('%s', (source, names) => {
    expect(reads(source)).toEqual(names);
  });
});

describe('what only the call itself says', () => {
  test.each([
    ['agent == "a"', false],
    ['run.depth < 3 && now > timestamp("2026-01-01T00:00:00Z")', false],
    ['context.route == "mcp" && context.time < now', false],
    ['context.stream', true],
    ['has(args.x)', true],
    ['size(args) > 0', true],
  ])('%s: %s', (source, readsCall) => {
    expect(condition(source).readsCall).toBe(readsCall);
  });
});

describe('of the run', () => {
  test.each([
    ['run.depth > 3 && run.id != run.root && run.parent == ""', false],
    ['run.source == "hint"', true],
    ['"x" in run.labels', true],
    ['run.age > duration("1h")', true],
    ['run.steps > 5', true],
    ['run.calls["tool/a/*"] > 5', true],
    ['has(args.run) && args.run == 1', false],
  ])('what its calls change or its client says: %s: %s', (source, readsRun) => {
    expect(condition(source).readsRun).toBe(readsRun);
  });

  test('the fields are each told once', () => {
    expect(condition('run.depth > 3 && run.depth < 9 && run.labels.exists(l, l == run.id)').runFields).toEqual([
      'depth',
      'labels',
      'id',
    ]);
  });

  test('labels that are asked for by name are told with their place', () => {
    const source = '"seen" in run.labels || agent in ["a"] || subject in run.labels || !("secret" in run.labels)';
    expect(condition(source).labels).toEqual([
      { label: 'seen', offset: 0 },
      { label: 'secret', offset: source.indexOf('"secret"') },
    ]);
  });
});

describe('the time', () => {
  test.each([
    ['run.age < duration("2h")', true],
    ['run.depth > 2', false],
    ['context.route == "mcp" && context.stream', false],
    ['has(args.now) && args.now == 1', false],
    ['now > timestamp("2026-01-01T00:00:00Z")', true],
    ['agent == "a" || context.time.getHours() < 9', true],
  ])('%s: %s', (source, readsTime) => {
    expect(condition(source).readsTime).toBe(readsTime);
  });
});

describe('loops in each other', () => {
  const scopes = 'principal.scopes';
  test.each([
    ['agent == "a"', 0],
    [`agent in ${scopes}`, 0],
    [`${scopes}.all(a, a != "x")`, 1],
    [`${scopes}.all(a, true) && ${scopes}.all(b, true)`, 1],
    [`${scopes}.filter(a, a != "x").map(b, b + "y").size() > 1`, 1],
    [`${scopes}.all(a, ${scopes}.exists(b, a == b))`, 2],
    [`${scopes}.filter(a, ${scopes}.exists(b, a == b)).all(c, true)`, 2],
    [`${scopes}.all(a, a in ${scopes})`, 2],
    [`${scopes}.all(a, a in ["x", "y"])`, 1],
    [`${scopes}.all(a, ${scopes}.exists(b, b in ${scopes}))`, 3],
  ])('%s: %i', (source, loops) => {
    expect(condition(source).loops).toBe(loops);
  });
});
