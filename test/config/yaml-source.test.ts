import { describe, expect, test } from 'vitest';
import { readYaml } from '../../src/config/yaml-source.ts';
import { linesOf } from './bad.ts';

const read = (text: string): ReturnType<typeof readYaml> => readYaml({ path: 'f.yaml', text });

describe('a file', () => {
  test.each([
    ['a: 1 # note\nb: [x, "y"]\n', { a: 1, b: ['x', 'y'] }],
    ['{"a": {"b": null}}', { a: { b: null } }],
    ['a: no\nb: 010\nc: 2026-01-31\nd: 1e3\n', { a: 'no', b: 10, c: '2026-01-31', d: 1000 }],
    ['<<: { a: 1 }', { '<<': { a: 1 } }],
    ['', null],
    ['# nothing\n', null],
  ])('%j reads as %j', (text, value) => {
    expect(read(text)).toMatchObject({ ok: true, value: { value } });
  });

  test('may hold a name that JavaScript knows, which does nothing', () => {
    const result = read('__proto__: { polluted: true }');
    expect(result.ok && Object.keys(result.value.value as object)).toEqual(['__proto__']);
    expect('polluted' in {}).toBe(false);
  });

  test.each([
    ['a: 1\nb: 2\na: 3', ['f.yaml:3:1: this name occurs twice in its mapping']],
    ['[1, 2', ['f.yaml:1:6: a closing quote, bracket or comma is missing here']],
    ['a: [1, 2', ['f.yaml:1:9: this line is indented wrongly, or a bracket before it is not closed']],
    ['a: "x', ['f.yaml:1:6: a closing quote, bracket or comma is missing here']],
    ['a:\n\tb: 1', ['f.yaml:2:1: tabs cannot indent; use spaces']],
    ['a: b: c', ['f.yaml:1:4: a mapping cannot begin here; a text with `: ` in it needs quotes']],
    ['a: @b', ['f.yaml:1:4: a text that begins with this character needs quotes']],
    ['a: 1\n---\nb: 1', ['f.yaml:2:1: the file holds a second document; only one is read']],
    ['a: 1\n  b: 1', expect.arrayContaining([expect.stringContaining('f.yaml:1:4: ')])],
    ['- 1\na: 1', expect.arrayContaining(['f.yaml:2:1: this is not well-formed YAML'])],
    [
      'a: &x 1\nb: *x',
      [
        'f.yaml:1:7: anchors and aliases are not read here; write the value out',
        'f.yaml:2:4: anchors and aliases are not read here; write the value out',
      ],
    ],
    ['a: !!str 1', ['f.yaml:1:10: tags are not read here']],
    ['a: !secret x', ['f.yaml:1:12: tags are not read here']],
    [
      '1: a\ntrue: b',
      [
        'f.yaml:1:1: the names in a mapping must be texts; put quotes around this one',
        'f.yaml:2:1: the names in a mapping must be texts; put quotes around this one',
      ],
    ],
    ['? [a]\n: b', ['f.yaml:1:3: the names in a mapping must be texts; put quotes around this one']],
  ])('%j is refused: %j', (text, problems) => {
    expect(linesOf(read(text))).toEqual(problems);
  });

  test.each([
    ['lists in brackets', '['.repeat(200_000)],
    ['mappings in brackets', '{a: '.repeat(50_000)],
    ['lists by indentation', '- '.repeat(33) + 'x'],
    ['mappings by indentation', Array.from({ length: 33 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n') + ' b'],
  ])('with too many %s is refused at once', (_, text) => {
    const start = performance.now();
    expect(linesOf(read(text))).toEqual([expect.stringContaining('lists and mappings are nested more than 32 deep')]);
    expect(performance.now() - start).toBeLessThan(500);
  });

  test('may nest as deep as anybody needs', () => {
    expect(read(`${'['.repeat(32)}${']'.repeat(32)}`).ok).toBe(true);
    expect(read(`${'- '.repeat(31)}x`).ok).toBe(true);
    expect(read(`a: [${'[],'.repeat(100)}]`).ok).toBe(true);
  });

  test('that unfolds to more than it says is not unfolded', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [*${'abcdefgh'[i]}, *${'abcdefgh'[i]}]`),
    ].join('\n');
    expect(linesOf(read(bomb))[0]).toContain('anchors and aliases');
  });

  test('that is too large is not read at all', () => {
    expect(linesOf(read(`a: ${'x'.repeat(262_144)}`))).toEqual(['f.yaml:1:1: the file is larger than 262144 bytes']);
  });

  test('is never repeated in what is said of its form', () => {
    for (const text of [
      'k: sk-CANARY: x',
      'k: "sk-CANARY',
      'k: @sk-CANARY',
      '- a\nsk-CANARY',
      '? [sk-CANARY]\n: 1',
      'k: !sk-CANARY x',
      'k: *sk-CANARY',
      '%sk-CANARY\n---\na: {',
    ]) {
      expect(linesOf(read(text)).join('\n')).not.toContain('CANARY');
    }
  });
});

describe('the place of a fault', () => {
  const source = read('a:\n  b: [x, { c: 1 }]\n  d:\ne: 2\n');
  const place = (path: readonly PropertyKey[], of?: 'key'): string => {
    if (!source.ok) throw new Error('not read');
    const { line, column } = source.value.problem({ path, message: '', ...(of && { of }) });
    return `${line}:${column}`;
  };

  test.each<[readonly PropertyKey[], string]>([
    [[], '1:1'],
    [['a', 'b'], '2:6'],
    [['a', 'b', 0], '2:7'],
    [['a', 'b', 1, 'c'], '2:15'],
    [['e'], '4:4'],
  ])('with the value at %j is %s', (path, expected) => {
    expect(place(path)).toBe(expected);
  });

  test.each<[readonly PropertyKey[], string]>([
    [['a', 'b'], '2:3'],
    [['a', 'b', 1, 'c'], '2:12'],
    [['e'], '4:1'],
  ])('with the key at %j is %s', (path, expected) => {
    expect(place(path, 'key')).toBe(expected);
  });

  test.each<[readonly PropertyKey[], string]>([
    [['missing'], '1:1'],
    [['a', 'missing'], '1:1'],
    [['a', 'b', 1, 'missing'], '2:10'],
    [['e', 'no', 'mapping'], '4:1'],
  ])('with what is missing at %j is the last that is there, %s', (path, expected) => {
    expect(place(path)).toBe(expected);
  });
});
