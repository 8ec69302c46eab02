import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/documents/faults.ts';
import { readYaml } from '../../src/documents/yaml-source.ts';

const TEXT = 'a:\n  b: [x, { c: 1 }]\n  d:\nrules:\n  - id: r\n    on:\n      - one\n      - "two"\n? e\n';

function place(text: string, fault: Omit<Fault, 'message'>): string {
  const read = readYaml({ path: 'f.yaml', text });
  if (!read.ok) throw new Error('not read');
  const { line, column } = read.value.problem({ ...fault, message: '' });
  return `${line}:${column}`;
}

describe('the place of a fault', () => {
  test.each<[Fault['path'], string]>([
    [[], '1:1'],
    [['a', 'b'], '2:6'],
    [['a', 'b', 0], '2:7'],
    [['a', 'b', 1, 'c'], '2:15'],
    [['a', 'd'], '3:5'],
    [['rules', 0, 'id'], '5:9'],
    [['rules', 0, 'on', 1], '8:9'],
  ])('with the value at %j is %s', (path, expected) => {
    expect(place(TEXT, { path })).toBe(expected);
  });

  test.each<[Fault['path'], string]>([
    [[], '1:1'],
    [['a', 'b'], '2:3'],
    [['a', 'b', 1, 'c'], '2:12'],
    [['rules', 0, 'id'], '5:5'],
    [['rules', 0], '5:5'],
  ])('with the key at %j is %s', (path, expected) => {
    expect(place(TEXT, { path, of: 'key' })).toBe(expected);
  });

  test.each<[Fault['path'], string]>([
    [['missing'], '1:1'],
    [['a', 'missing'], '1:1'],
    [['a', 'b', 1, 'missing'], '2:10'],
    [['a', 'd', 'no', 'map'], '3:5'],
    [['rules', 0, 'then'], '5:5'],
    [['rules', 7, 'id'], '4:1'],
    [['e'], '9:3'],
  ])('with what is missing at %j is the last that is there, %s', (path, expected) => {
    expect(place(TEXT, { path })).toBe(expected);
  });

  test('of an empty file is its beginning', () => {
    expect(place('', { path: ['a'] })).toBe('1:1');
    expect(place('# nothing\n', { path: [] })).toBe('1:1');
  });

  test.each([
    ['plain', 'when: abc == d', 7, '1:14'],
    ['in single quotes', "when: 'it''s == d'", 8, '1:17'],
    ['in double quotes', 'when: "a == \\"b\\" && d"', 12, '1:22'],
    ['in double quotes, beginning with one', 'when: "\\"a\\" == d"', 7, '1:17'],
    ['as a block', 'when: |\n  abc &&\n  d', 7, '3:3'],
    ['as a folded block', 'when: >-\n  abc &&\n  d', 7, '3:3'],
    ['over several plain lines', 'when: abc &&\n  d', 7, '2:3'],
    ['at the beginning', 'when: d', 0, '1:7'],
  ])('within a text that stands %s is that of the character', (_, text, offset, at) => {
    const read = readYaml({ path: 'f.yaml', text });
    expect(read.ok && (read.value.value as { when: string }).when[offset]).toBe('d');
    expect(place(text, { path: ['when'], offset })).toBe(at);
  });

  test('of a character that is not there as such is that of the text', () => {
    expect(place('when: "a\\u0062c"', { path: ['when'], offset: 1 })).toBe('1:7');
    expect(place('when: abc', { path: ['when'], offset: 99 })).toBe('1:7');
  });
});
