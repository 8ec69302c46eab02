import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import stripJsonComments from 'strip-json-comments';
import { describe, expect, test } from 'vitest';
import type { Format, Tree } from '../../src/connect/client.ts';
import { edit } from '../../src/connect/edit.ts';

const put = (format: Format, text: string | undefined, settings: Tree, defaults?: Tree): string =>
  edit(format, { ...(text !== undefined && { text }), wanted: { settings, ...(defaults && { defaults }) } });

const said = (text: string): unknown => JSON.parse(stripJsonComments(text, { trailingCommas: true }));

describe('JSON', () => {
  test('comments, order, layout and commas stay; what is new stands at the end of its object', () => {
    const text = `{
  // mine
  "a": 1, // one
  "env": { "X": "1" }, /* two */
  "servers": {
    "old": { "url": "u" } // keep
  },
}
`;
    const after = put('json', text, { a: 2, env: { B: 'b' }, servers: { fresh: { url: 'v' } } });
    expect(after).toBe(`{
  // mine
  "a": 2, // one
  "env": { "X": "1", "B": "b" }, /* two */
  "servers": {
    "old": { "url": "u" }, // keep
    "fresh": {
      "url": "v"
    }
  },
}
`);
  });

  test('a key after a comma that ends the object gets a comma too', () => {
    expect(put('json', '{\n\t"a": 1,\n}\n', { b: { c: true } })).toBe(
      '{\n\t"a": 1,\n\t"b": {\n\t\t"c": true\n\t},\n}\n',
    );
  });

  test('line ends and the mark of byte order stay as they are', () => {
    const after = put('json', '\uFEFF{\r\n  "a": 1\r\n}\r\n', { b: 2 });
    expect(after).toBe('\uFEFF{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n');
  });

  test.each([
    ['{}', '{\n  "a": 1\n}'],
    ['{\n}\n', '{\n  "a": 1\n}\n'],
    ['{ // nothing yet\n}\n', '{\n  "a": 1 // nothing yet\n}\n'],
    ['', '{\n  "a": 1\n}\n'],
    [undefined, '{\n  "a": 1\n}\n'],
  ])('an empty file %j is filled', (text, after) => {
    expect(put('json', text, { a: 1 })).toBe(after);
  });

  test('lists of things with an `id` keep the others and what is beside it in the same', () => {
    const text = '{\n  "models": [\n    { "id": "a", "mine": 1 },\n    { "id": "b" }\n  ]\n}\n';
    const after = put('json', text, { models: [{ id: 'a', url: 'u' }, { id: 'c' }] });
    expect(said(after)).toEqual({ models: [{ id: 'a', mine: 1, url: 'u' }, { id: 'b' }, { id: 'c' }] });
    expect(after).toContain('{ "id": "a", "mine": 1, "url": "u" }');
  });

  test('a value of another kind is replaced', () => {
    expect(said(put('json', '{"a": [1], "b": "x", "l": ["s"]}', { a: { c: 1 }, b: 2 }))).toEqual({
      a: { c: 1 },
      b: 2,
      l: ['s'],
    });
  });

  test.each([
    ['{"a": 1', 'it is not JSON'],
    ['[1]', 'it is not a map at its top'],
    ['{"a": 1, "a": 2}', 'the settings cannot be put in without a change of what else it says'],
    ['{"b": 1, /* one\n */ "a": {"x": 1, "x": 2}}', undefined],
  ])('%j is refused, or left as it was but for the setting', (text, reason) => {
    if (reason === undefined) expect(said(put('json', text, { c: 3 }))).toEqual({ b: 1, a: { x: 2 }, c: 3 });
    else expect(() => put('json', text, { a: 3 })).toThrow(reason);
  });

  test('whatever a file says, it says afterwards too, with the settings, and a second time changes nothing', () => {
    const trees = fc.dictionary(
      fc.oneof(fc.stringMatching(/^[a-c$ é]{1,3}$/), fc.constantFrom('say "it"', 'back\\slash', '// none')),
      fc.letrec((tie) => ({
        value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.boolean(), tie('tree')),
        tree: fc.dictionary(fc.stringMatching(/^[a-c]{1,2}$/), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      })).value,
      { maxKeys: 4, noNullPrototype: true },
    );
    const layouts = fc.constantFrom(undefined, 1, 2, '\t');
    fc.assert(
      fc.property(trees, trees, layouts, (old, settings, layout) => {
        const text = JSON.stringify(old, undefined, layout);
        const after = put('json', text, settings as Tree);
        expect(said(after)).toEqual(expectedOf(old, settings));
        expect(put('json', after, settings as Tree)).toBe(after);
      }),
    );
  });
});

/** The obvious deep merge, as an oracle. */
function expectedOf(old: unknown, settings: unknown): unknown {
  const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null;
  if (!isTree(settings)) return settings;
  const base: Record<string, unknown> = isTree(old) ? { ...old } : {};
  for (const [key, value] of Object.entries(settings))
    base[key] = expectedOf(Object.hasOwn(base, key) ? base[key] : undefined, value);
  return base;
}

describe('TOML', () => {
  const TEXT = `# head
model = "old"   # keep me
approval = 'x'

# about servers
[servers.one]
url = "http://x" # here
args = [
  "a",
]

[[hooks]]
k = 1
`;

  test('lines that say something else stay; keys go to their table, new tables to the end', () => {
    const settings = {
      model: 'new',
      provider: 'w',
      servers: { one: { url: 'y', on: true } },
      providers: { 'w.x': { n: 1 } },
    };
    expect(put('toml', TEXT, settings)).toBe(`# head
model = "new"   # keep me
approval = 'x'
provider = "w"

# about servers
[servers.one]
url = "y" # here
args = [
  "a",
]
on = true

[[hooks]]
k = 1

[providers."w.x"]
n = 1
`);
  });

  test('a key before the first table keeps its distance', () => {
    expect(put('toml', '[a]\nb = 1\n', { c: 2 })).toBe('c = 2\n\n[a]\nb = 1\n');
  });

  test('a `#` inside a value is no remark', () => {
    expect(put('toml', 'a = "x # y" # z\n', { a: 'w' })).toBe('a = "w" # z\n');
  });

  test('line ends stay, and dates and nested lists say the same', () => {
    const text = 'd = 2026-11-24\r\nl = [[1], [2]]\r\n';
    const after = put('toml', text, { a: { b: 'c' } });
    expect(after).toBe(`${text}\r\n[a]\r\nb = "c"\r\n`);
    expect(parse(after)).toMatchObject(parse(text));
  });

  test.each([
    ['a = ', 'it is not TOML'],
    ['a = { b = { c = 1 } }\n', 'the settings cannot be put in without a change of what else it says'],
    ['text = """\n[a.b]\n"""\n', 'the settings cannot be put in without a change of what else it says'],
  ])('%j is refused', (text, reason) => {
    expect(() => put('toml', text, { a: { b: { c: 2 } } })).toThrow(reason);
  });

  test('writing twice changes nothing', () => {
    const once = put('toml', TEXT, { x: { y: { z: 1 } }, model: 'm' });
    expect(put('toml', once, { x: { y: { z: 1 } }, model: 'm' })).toBe(once);
    expect(put('toml', 'a = 1\r\nb = 2', { a: 1 })).toBe('a = 1\r\nb = 2');
  });
});

describe('variables', () => {
  test('a variable is set where it stands, else at the end', () => {
    const text = '# mine\nA=1\nexport B="x y"';
    const after = put('dotenv', text, { B: 'http://x/y', C: 'a b' });
    expect(after).toBe('# mine\nA=1\nexport B=http://x/y\nC="a b"\n');
    expect(parseEnv(after)).toEqual({ A: '1', B: 'http://x/y', C: 'a b' });
    expect(put('dotenv', after, { B: 'http://x/y', C: 'a b' })).toBe(after);
  });

  test.each([
    ['A=1\nA=2\n', 'the settings cannot be put in without a change of what else it says'],
    ['A="1\n2"\n', 'a value in it spans several lines'],
  ])('%j is refused', (text, reason) => {
    expect(() => put('dotenv', text, { A: 'x' })).toThrow(reason);
  });
});

test('what is meant to be adjusted is set only where the file says nothing', () => {
  const once = put('toml', undefined, { m: { a: 1 } }, { m: { size: 5 } });
  expect(parse(once)).toEqual({ m: { a: 1, size: 5 } });
  const adjusted = once.replace('size = 5', 'size = 9');
  expect(put('toml', adjusted, { m: { a: 1 } }, { m: { size: 5 } })).toBe(adjusted);
});
