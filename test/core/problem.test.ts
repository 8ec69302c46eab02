import { expect, test } from 'vitest';
import { byPlace, formatProblem, type Problem } from '../../src/core/problem.ts';

const at = (file: string, line: number, column: number): Problem => ({ file, line, column, message: 'm' });

test('a problem is told as file, line, column and message', () => {
  expect(formatProblem({ file: 'policies/a.yaml', line: 3, column: 9, message: 'expected a text' })).toBe(
    'policies/a.yaml:3:9: expected a text',
  );
});

test('problems stand in the order in which a reader meets them', () => {
  const sorted = [at('b', 1, 1), at('a', 2, 1), at('a', 1, 9), at('a', 1, 2)].sort(byPlace);
  expect(sorted.map(formatProblem)).toEqual(['a:1:2: m', 'a:1:9: m', 'a:2:1: m', 'b:1:1: m']);
  expect(byPlace(at('a', 1, 1), at('b', 1, 1))).toBeLessThan(0);
});
