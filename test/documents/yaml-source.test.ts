import { describe, expect, test } from 'vitest';
import { readYaml } from '../../src/documents/yaml-source.ts';
import { linesOf } from './lines.ts';

const read = (text: string): ReturnType<typeof readYaml> => readYaml({ path: 'f.yaml', text });

describe('a file', () => {
  test.each([
    ['a: 1 # note\nb: [x, "y"]\n', { a: 1, b: ['x', 'y'] }],
    ['{"a": {"b": null}}', { a: { b: null } }],
    ['a: no\nb: 010\nc: 2026-01-31\nd: 1e3\n', { a: 'no', b: 10, c: '2026-01-31', d: 1000 }],
    ['a: 1_000\nb: -0.5\nc: true\nd: 0x10\ne:\n', { a: '1_000', b: -0.5, c: true, d: 16, e: null }],
    ['? a', { a: null }],
    ['', null],
    ['\n\n', null],
    ['# nothing\n', null],
  ])('%j reads as the JSON that it is', (text, value) => {
    expect(read(text)).toMatchObject({ ok: true, value: { value } });
  });

  test('cannot reach the prototype of what is read', () => {
    const result = read('__proto__: { polluted: true }\nconstructor: 1');
    const value = result.ok ? result.value.value : undefined;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect('polluted' in {}).toBe(false);
  });

  test.each([
    ['a: 1\nb: 2\na: 3', ['3:1: this name occurs twice in its map']],
    ['[1, 2', ['1:6: a closing quote, bracket or comma is missing here']],
    ['a: [1, 2', ['1:9: this line is indented wrongly, or a bracket before it is not closed']],
    ['a: "x', ['1:6: a closing quote, bracket or comma is missing here']],
    ['a:\n\tb: 1', ['2:1: tabs cannot indent; use spaces']],
    ['a: b: c', ['1:4: a map cannot begin here; a text with `: ` in it needs quotes']],
    ['a: @b', ['1:4: a text that begins with this character needs quotes']],
    ['a: 1\n---\nb: 1', ['2:1: a second document begins here, expected one in a file']],
    ['a: 1\n  b: 1', expect.arrayContaining([expect.stringContaining('1:4: ')])],
    ['- 1\na: 1', expect.arrayContaining(['2:1: this is not well-formed YAML'])],
    ['a: &x 1\nb: *x', ['1:4: anchors are not supported', '2:4: aliases are not supported, write the value out']],
    ['<<: {a: 1}', ['1:1: merge keys are not supported, write the fields out']],
    ['a: !!str 1', ['1:5: tags are not supported; a text that begins with `!` must stand in quotes']],
    ['a: !has(b)', ['1:4: tags are not supported; a text that begins with `!` must stand in quotes']],
    ['&x a: 1\n!!str 2: b', ['1:1: anchors are not supported', expect.stringContaining('2:2: tags are not supported')]],
    [
      '1: a\ntrue: b',
      [
        '1:1: the names in a map must be texts; put quotes around this one',
        '2:1: the names in a map must be texts; put quotes around this one',
      ],
    ],
    ['? [a]\n: b', ['1:3: the names in a map must be texts; put quotes around this one']],
    ...['.inf', '.nan', '9007199254740993', '1e400'].map((number) => [
      `a: ${number}`,
      ['1:4: JSON cannot hold this number exactly; if it is meant as a text, put quotes around it'],
    ]),
    ['%YAML 1.1\n---\na: yes', ['1:1: directives are not supported']],
  ] as [string, string[]][])('%j is refused: %j', (text, problems) => {
    expect(linesOf(read(text)).map((line) => line.replace(/^f\.yaml:/, ''))).toEqual(problems);
  });

  test('is told everything that is wrong with its form at once', () => {
    expect(linesOf(read('%X\n---\na: &x 1\n2: b\na: !t c\n'))).toEqual([
      'f.yaml:1:1: directives are not supported',
      'f.yaml:3:4: anchors are not supported',
      'f.yaml:4:1: the names in a map must be texts; put quotes around this one',
      'f.yaml:5:1: this name occurs twice in its map',
      'f.yaml:5:4: tags are not supported; a text that begins with `!` must stand in quotes',
    ]);
  });

  test('is refused by its size before anybody parses it', () => {
    const comment = `#${'ü'.repeat(128 * 1024 - 1)}\n`;
    expect(read(comment).ok).toBe(true);
    expect(linesOf(read(`${comment}#`))).toEqual(['f.yaml:1:1: the file has 262145 bytes, expected at most 262144']);
  });

  test.each([
    ['lists in brackets', `a:\n  ${'['.repeat(200_000)}`, '2:34'],
    ['maps in brackets', '{a: '.repeat(50_000), '1:129'],
    ['lists by indentation', '- '.repeat(100_000), '1:65'],
    ['maps by indentation', Array.from({ length: 33 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), '33:33'],
  ])('with too many %s is refused at once, in its place', (_, text, place) => {
    const start = performance.now();
    expect(linesOf(read(text))).toEqual([`f.yaml:${place}: lists and maps are nested more than 32 deep`]);
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
    expect(linesOf(read(bomb))).toHaveLength(8 + 14);
  });

  test('half written is refused or read, but never throws', () => {
    const text = 'policy: p\nrules:\n  - id: "a"\n    on: [x, {y: z}]\n    ? [&a b, !c d]\n    when: |\n      a &&\n';
    for (let length = 0; length <= text.length; length++) expect(() => read(text.slice(0, length))).not.toThrow();
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
      'k: &sk-CANARY x',
      'k: 0x00CANARY: 1',
    ]) {
      expect(linesOf(read(text)).join('\n')).not.toContain('CANARY');
    }
    expect(linesOf(read('k: 12345678901234567890')).join('\n')).not.toContain('1234567');
  });
});
