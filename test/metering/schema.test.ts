import { expect, test } from 'vitest';
import { ceilingSchema, pricesSchema } from '../../src/metering/schema.ts';

test('prices are by model, in USD per million tokens, or free', () => {
  const prices = {
    'gpt-*': { input: 1.25, output: 10 },
    x: { input: 0, output: 0, cacheRead: 0.1, cacheWrite: 2 },
    'l*': 'free',
    'img-*': { request: 0.04 },
    both: { input: 1, output: 2, request: 0 },
  };
  expect(pricesSchema.parse(prices)).toEqual(prices);
});

test.each([
  { a: { input: 1 } },
  { a: { input: 1, output: -1 } },
  { a: { input: 1, output: 100_000 } },
  { a: { input: '1', output: 1 } },
  { a: { input: 1, output: 1, cached: 1 } },
  { a: { request: -1 } },
  { a: { request: 1, input: 1 } },
  { a: {} },
  { a: 'gratis' },
  { '': 'free' },
  { a: { input: Infinity, output: 1 } },
])('%j is no table of prices', (prices) => {
  expect(pricesSchema.safeParse(prices).success).toBe(false);
});

test('a ceiling is never nothing', () => {
  expect(ceilingSchema.safeParse({ input: 30, output: 150 }).success).toBe(true);
  expect(ceilingSchema.safeParse({ input: 0, output: 150 }).success).toBe(false);
  expect(ceilingSchema.safeParse({ input: 30, output: 0 }).success).toBe(false);
  expect(ceilingSchema.safeParse('free').success).toBe(false);
});
