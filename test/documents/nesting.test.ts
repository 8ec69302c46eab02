import { describe, expect, test } from 'vitest';
import { NESTING_MAX, tooDeepAt } from '../../src/documents/nesting.ts';

const rows = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => row(index)).join('\n');

describe('a text that nests deeper than a parser should see', () => {
  test.each([
    ['lists in brackets', '['.repeat(250_000)],
    ['maps in brackets', '{a: '.repeat(60_000)],
    ['lists on one line', '- '.repeat(120_000)],
    ['complex keys', '? '.repeat(120_000)],
    ['lists and maps on one line', '- a: '.repeat(50_000)],
    ['maps line by line', rows(400, (index) => `${' '.repeat(index)}a:`)],
    ['lists line by line', rows(400, (index) => `${' '.repeat(index)}-`)],
    ['brackets behind what looks like their end', `a: "${']'.repeat(99)}"\nb: ${'['.repeat(99)}`],
  ])('is found by its tokens alone: %s', (_, text) => {
    expect(tooDeepAt(text)).toBeLessThan(text.length);
  });

  test.each([
    ['as deep as may be, in brackets', `${'['.repeat(NESTING_MAX)}${']'.repeat(NESTING_MAX)}`],
    ['as deep as may be, by lines', rows(NESTING_MAX, (index) => `${' '.repeat(index)}a:`)],
    ['many lists, one after the other', rows(5_000, () => '- [a, {b: [c]}]')],
    ['brackets in texts', rows(100, () => 'a: "[[[[{{{{"')],
    ['brackets in comments', rows(100, () => '# [[[[{{{{')],
    ['a text over several lines, indented as it likes', `a: |\n${rows(100, (index) => `  ${' '.repeat(index)}x`)}`],
    ['several lines in quotes', `a: "${rows(100, (index) => `${' '.repeat(index)}x`)}"\nb: 1`],
    ['a byte order mark', '\uFEFFa: 1'],
    ['nothing', ''],
  ])('is not what it merely looks like: %s', (_, text) => {
    expect(tooDeepAt(text)).toBeUndefined();
  });

  test('the place is where it becomes too deep', () => {
    expect(tooDeepAt(`a: ${'['.repeat(40)}`)).toBe(3 + NESTING_MAX - 1);
    expect(tooDeepAt('['.repeat(NESTING_MAX + 1))).toBe(NESTING_MAX);
  });
});
