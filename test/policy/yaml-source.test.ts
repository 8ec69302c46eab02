import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/core/problem.ts';
import { type Fault, readYaml, type YamlSource } from '../../src/policy/yaml-source.ts';

function problems(text: string): string[] {
  const read = readYaml({ path: 'a.yaml', text });
  return read.ok ? [] : read.problems.map(formatProblem);
}

function source(text: string): YamlSource {
  const read = readYaml({ path: 'a.yaml', text });
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  return read.value;
}

const place = (text: string, fault: Omit<Fault, 'message'>): string => {
  const { line, column } = source(text).problem({ ...fault, message: '' });
  return `${line}:${column}`;
};

describe('a YAML file', () => {
  test('is read as the JSON that it is', () => {
    const text = 'a: 1\nb: [x, "y", {c: null}]\nd: no\ne: 1_000\nf: -0.5\ng: true\nh: 0x10\ni:\n';
    expect(source(text).value).toEqual({
      a: 1,
      b: ['x', 'y', { c: null }],
      d: 'no',
      e: '1_000',
      f: -0.5,
      g: true,
      h: 16,
      i: null,
    });
  });

  test('that is empty holds nothing, and that is told at its beginning', () => {
    for (const text of ['', '\n\n', '# nothing\n']) expect(source(text).value).toBeNull();
    expect(place('', { path: ['a'] })).toBe('1:1');
  });

  test('cannot reach the prototype of what is read', () => {
    const { value } = source('__proto__: {admin: true}\nconstructor: 1');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
  });

  test.each([
    ['a: &x 1\nb: *x', ['a.yaml:1:4: anchors are not supported', expect.stringContaining('2:4: aliases')]],
    ['<<: {a: 1}', [expect.stringContaining('1:1: merge keys')]],
    ['a: !!str 1', [expect.stringContaining('1:5: tags are not supported; a text that begins with `!`')]],
    ['a: !has(b)', [expect.stringContaining('tags are not supported')]],
    ['a: 1\nb: 2\na: 3', ['a.yaml:3:1: this key stands here twice']],
    ['1: a', ['a.yaml:1:1: expected a text as key']],
    ['? [a]\n: 1', ['a.yaml:1:3: expected a text as key']],
    ['a: .inf', ['a.yaml:1:4: `.inf` is not a number that JSON holds exactly']],
    ['a: .nan', ['a.yaml:1:4: `.nan` is not a number that JSON holds exactly']],
    ['a: 9007199254740993', [expect.stringContaining('not a number that JSON holds exactly')]],
    ['a: 1e400', [expect.stringContaining('not a number that JSON holds exactly')]],
    ['a: 1\n---\nb: 1', ['a.yaml:2:1: a second document begins here, expected one in a file']],
    ['%YAML 1.1\n---\na: yes', ['a.yaml:1:1: directives are not supported']],
    ['a: b: c', [expect.stringContaining('1:4: a text with `: ` in it must stand in quotes')]],
    ['a: "b', [expect.stringMatching(/^a\.yaml:1:6: missing closing/)]],
    ['a: [', [expect.stringContaining('a.yaml:1:5: ')]],
  ])('`%s` is refused, each problem in its place', (text, told) => {
    expect(problems(text)).toEqual(told);
  });

  test('is refused by its size before anybody parses it', () => {
    const comment = `#${'ü'.repeat(128 * 1024 - 1)}\n`;
    expect(problems(comment)).toEqual([]);
    expect(problems(`${comment}#`)).toEqual(['a.yaml:1:1: the file has 262145 bytes, expected at most 262144']);
  });

  test('is refused by its depth before anybody parses it', () => {
    expect(problems(`a: ${'['.repeat(200_000)}`)).toEqual([
      expect.stringMatching(/^a\.yaml:1:1: more than 32 lists and maps in each other$|more than 32/),
    ]);
  });

  test('half written is refused or read, but never throws', () => {
    const text = 'policy: p\nrules:\n  - id: "a"\n    on: [x, {y: z}]\n    when: |\n      a &&\n      b\n';
    for (let length = 0; length <= text.length; length++)
      expect(() => readYaml({ path: 'a.yaml', text: text.slice(0, length) })).not.toThrow();
  });
});

describe('the place of a fault', () => {
  const TEXT = 'rules:\n  - id: a\n    on:\n      - one\n      - "two"\n    when: x == 1\n';

  test('is that of the value, or of its key', () => {
    expect(place(TEXT, { path: ['rules', 0, 'id'] })).toBe('2:9');
    expect(place(TEXT, { path: ['rules', 0, 'id'], of: 'key' })).toBe('2:5');
    expect(place(TEXT, { path: ['rules', 0, 'on', 1] })).toBe('5:9');
    expect(place(TEXT, { path: [] })).toBe('1:1');
    expect(place(TEXT, { path: [], of: 'key' })).toBe('1:1');
  });

  test('is that of the nearest value above one that is missing', () => {
    expect(place(TEXT, { path: ['rules', 0, 'then'] })).toBe('2:5');
    expect(place(TEXT, { path: ['rules', 7, 'id'] })).toBe('2:3');
    expect(place(TEXT, { path: ['rules', 0, 'id', 'deeper'] })).toBe('2:9');
    expect(place(TEXT, { path: ['limits'] })).toBe('1:1');
  });

  test.each([
    ['plain', 'when: abc == d', 7, '1:14'],
    ['in single quotes', "when: 'it''s == d'", 8, '1:17'],
    ['in double quotes', 'when: "a == \\"b\\" && d"', 12, '1:22'],
    ['in double quotes, beginning with one', 'when: "\\"a\\" == d"', 7, '1:17'],
    ['as a block', 'when: |\n  abc &&\n  d', 7, '3:3'],
    ['as a folded block', 'when: >-\n  abc &&\n  d', 7, '3:3'],
    ['over several plain lines', 'when: abc &&\n  d', 7, '2:3'],
    ['at the beginning', 'when: abc', 0, '1:7'],
  ])('within a text that stands %s is that of the character', (_, text, offset, at) => {
    const { value } = source(text);
    if (offset > 0) expect((value as { when: string }).when[offset]).toBe('d');
    expect(place(text, { path: ['when'], offset })).toBe(at);
  });

  test('of a character that is not there as such is that of the text', () => {
    expect(place('when: "a\\u0062c"', { path: ['when'], offset: 1 })).toBe('1:7');
    expect(place('when: abc', { path: ['when'], offset: 99 })).toBe('1:7');
  });
});
