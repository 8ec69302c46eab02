import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_MONEY } from '../../src/core/money.ts';
import { configuredPrice, cost, type ModelPrice, rate } from '../../src/metering/price.ts';
import type { DetailedUsage } from '../../src/protocols/protocol.ts';

const use = (usage: Partial<DetailedUsage>): DetailedUsage => ({
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  output: 0,
  reasoning: 0,
  ...usage,
});
const price: ModelPrice = {
  input: rate(3, [{ start: 200_000, price: 6 }]),
  cacheRead: rate(0.3, [{ start: 200_000, price: 0.6 }]),
  cacheWrite: rate(3.75),
  cacheWriteHour: rate(6),
  output: rate(15, [{ start: 200_000, price: 22.5 }]),
  reasoning: rate(20),
  request: NO_MONEY,
};

describe('cost', () => {
  test('is every class of tokens at its own price', () => {
    const usage = use({
      input: 1_000,
      cacheRead: 10_000,
      cacheWrite: 500,
      cacheWriteHour: 200,
      output: 300,
      reasoning: 100,
    });
    expect(cost(price, usage)).toBe(3_000 + 3_000 + 300 * 3.75 + 200 * 6 + 200 * 15 + 100 * 20);
  });

  test('takes the tier of the whole input for every token', () => {
    expect(cost(price, use({ input: 200_000, output: 10 }))).toBe(600_150);
    expect(cost(price, use({ input: 1, cacheRead: 200_000, output: 10 }))).toBe(6 + 120_000 + 225);
  });

  test('rounds up, and only where there is a fraction', () => {
    expect(cost(price, use({ cacheRead: 1 }))).toBe(1);
    expect(cost(configuredPrice({ input: 0.1, output: 1 }), use({ input: 30 }))).toBe(3);
    expect(cost(configuredPrice({ input: 0.000001, output: 0 }), use({ input: 1 }))).toBe(1);
    expect(cost(price, use({}))).toBe(0);
  });

  test('is never less than for fewer tokens, and never less than its parts by more than their rounding', () => {
    const tokens = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        fc.double({ min: 0, max: 100, noNaN: true }),
        (one, other, output, perMillion) => {
          const model = configuredPrice({ input: perMillion, output: 15 });
          const whole = cost(model, use({ input: one + other, output }));
          expect(whole).toBeGreaterThanOrEqual(cost(model, use({ input: one, output })));
          const parts = cost(model, use({ input: one, output })) + cost(model, use({ input: other }));
          expect(parts - whole).toBeGreaterThanOrEqual(0);
          expect(parts - whole).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('a configured price', () => {
  test('covers caches and reasoning where it does not tell them apart', () => {
    const model = configuredPrice({ input: 2, output: 8 });
    expect(
      cost(model, use({ input: 1, cacheRead: 1, cacheWrite: 2, cacheWriteHour: 1, output: 2, reasoning: 1 })),
    ).toBe(24);
  });

  test('is what it says for caches', () => {
    const model = configuredPrice({ input: 2, output: 8, cacheRead: 1, cacheWrite: 4 });
    expect(cost(model, use({ cacheRead: 10, cacheWrite: 10, cacheWriteHour: 5 }))).toBe(50);
  });

  test('of `free` is nothing', () => {
    expect(cost(configuredPrice('free'), use({ input: 1e9, output: 1e9 }))).toBe(0);
  });
});
