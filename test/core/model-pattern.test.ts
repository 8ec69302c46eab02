import { expect, test } from 'vitest';
import { modelPattern } from '../../src/core/model-pattern.ts';

test.each([
  ['gpt-*', 'gpt-5-mini', true],
  ['gpt-*', 'chatgpt-5', false],
  ['*', '', true],
  ['claude-*-haiku', 'claude-4.5-haiku', true],
  ['claude-*-haiku', 'claude-4.5-haiku-x', false],
  ['o1', 'o1', true],
  ['o.1', 'ox1', false],
  ['a**b', 'a\nb', true],
])('the pattern `%s` against `%s`: %s', (pattern, name, matches) => {
  expect(modelPattern(pattern).test(name)).toBe(matches);
});
