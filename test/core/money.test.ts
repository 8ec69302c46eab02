import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMoney, type MicroUsd, microUsd, parseMoney } from '../../src/core/money.ts';

const amount = fc.integer({ min: 0, max: 999_999_999_999_999 }).map((value) => value as MicroUsd);

describe('money', () => {
  test('what is written reads back as the same amount', () => {
    fc.assert(fc.property(amount, (value) => parseMoney(formatMoney(value)) === value));
  });

  test('it is written with at least two decimals and no more than it needs', () => {
    const written = [0, 1, 10_000, 12_500_000, 25_000_000, 1_230_000, 1_234_567];
    expect(written.map((value) => formatMoney(value as MicroUsd))).toEqual([
      '0.00 USD',
      '0.000001 USD',
      '0.01 USD',
      '12.50 USD',
      '25.00 USD',
      '1.23 USD',
      '1.234567 USD',
    ]);
  });

  test.each([
    '25',
    '25 EUR',
    '-1 USD',
    '1e3 USD',
    '1.2345678 USD',
    '1. USD',
    ' 1 USD',
    '1USD',
    '1,5 USD',
    '9999999999 USD',
    '',
    'NaN USD',
  ])('the text `%s` is no amount', (text) => {
    expect(parseMoney(text)).toBeUndefined();
  });

  test('a fraction of a micro-dollar is rounded up, never down', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
        const money = microUsd(value);
        return Number.isSafeInteger(money) && money >= value && (money === 0 || money - 1 < value);
      }),
    );
  });

  test.each([-1, -0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])(
    '%s is no amount',
    (value) => {
      expect(() => microUsd(value)).toThrow(RangeError);
    },
  );
});
