import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Action, ACTIONS, type Resource, RESOURCE_KINDS } from '../../src/core/access.ts';
import { parsePattern, type Pattern } from '../../src/policy/pattern.ts';
import { matchesTarget, type Targeted, TargetIndex } from '../../src/policy/target-index.ts';

const pattern = (source: string): Pattern => parsePattern(source) as Pattern;
const item = (action: Action, ...sources: readonly string[]): Targeted => ({
  targets: [{ actions: [action], patterns: sources.map(pattern) }],
});
const tool = (name: string, upstream = 'github'): Resource => ({ kind: 'tool', upstream, name });

describe('the index', () => {
  test('finds an item once, however many of its patterns match', () => {
    const both = item('tool.call', 'tool/github/*', 'tool/*/get_*', 'tool/github/get_file');
    expect([...new TargetIndex([both]).find('tool.call', tool('get_file'))]).toEqual([both]);
  });

  test('a list is asked of the empty name', () => {
    const [all, some] = [item('tool.list', 'tool/github/*'), item('tool.list', 'tool/github/get_*')];
    expect([...new TargetIndex([all, some]).find('tool.list', tool(''))]).toEqual([all]);
  });

  test('a star of http ends at the next slash, unless it is all there is', () => {
    const [one, deep, all] = ['GET /*', 'GET /**', '*'].map((name) => item('http.request', `http/tickets/${name}`));
    const index = new TargetIndex([one, deep, all] as Targeted[]);
    const found = (name: string) => [...index.find('http.request', { kind: 'http', upstream: 'tickets', name })];
    expect(found('GET /a')).toEqual(expect.arrayContaining([one, deep, all]));
    expect(found('GET /a/b')).not.toContain(one);
    expect(found('GET /a/b')).toEqual(expect.arrayContaining([deep, all]));
  });

  test('nothing is about an action on a resource of a kind that it is never done to', () => {
    const anything = item('tool.call', 'tool/*/*', 'model/*/*');
    const model: Resource = { kind: 'model', upstream: 'openai', name: 'x' };
    expect(new TargetIndex([anything]).find('tool.call', model).size).toBe(0);
    expect(matchesTarget(anything, 'tool.call', model)).toBe(false);
  });

  test('finds exactly what comparing every item with the request finds', () => {
    const part = fc.constantFrom('a', 'ab', 'b', 'abc', '*', 'a*', '*b', 'a*c', '{a,b}', '{a*,b}', 'GET /*', 'GET /**');
    const name = fc.constantFrom('', 'a', 'ab', 'b', 'abc', 'abab', 'c/a', 'GET /a', 'GET /a/b');
    const kind = fc.constantFrom(...RESOURCE_KINDS);
    const source = fc.tuple(kind, part, fc.oneof(part, name)).map((parts) => parts.join('/'));
    const target = fc.record({
      actions: fc.uniqueArray(fc.constantFrom(...ACTIONS), { minLength: 1, maxLength: 3 }),
      patterns: fc.array(source.map(pattern), { minLength: 1, maxLength: 3 }),
    });
    const items = fc.array(fc.record({ targets: fc.array(target, { minLength: 1, maxLength: 2 }) }), { maxLength: 12 });
    const resource = fc.record({ kind, upstream: fc.constantFrom('a', 'ab', 'c'), name });
    fc.assert(
      fc.property(items, fc.constantFrom(...ACTIONS), resource, (all, action, asked) => {
        const found = new TargetIndex(all).find(action, asked);
        expect(all.filter((each) => found.has(each))).toEqual(all.filter((each) => matchesTarget(each, action, asked)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('looks only at what could match: twenty of ten thousand', () => {
    let compared = 0;
    // A pattern whose globs tell when they are read.
    const counted = (source: string): Targeted => {
      const { globs, ...rest } = pattern(source);
      const watched = globs.map(
        (glob) =>
          new Proxy(glob, {
            get: (from, key, self) => {
              compared++;
              return Reflect.get(from, key, self) as unknown;
            },
          }),
      );
      return { targets: [{ actions: ['tool.call'], patterns: [{ ...rest, globs: watched }] }] };
    };
    const items = Array.from({ length: 10_000 }, (_, index) =>
      counted(index < 20 ? 'tool/github/get_*' : `tool/server${index % 50}/do_${index}_*`),
    );
    const index = new TargetIndex(items);
    compared = 0;
    expect(index.find('tool.call', tool('get_file')).size).toBe(20);
    expect(compared).toBe(0);
    expect(items.filter((each) => matchesTarget(each, 'tool.call', tool('get_file')))).toHaveLength(20);
    expect(compared).toBeGreaterThan(10_000);
  });
});
