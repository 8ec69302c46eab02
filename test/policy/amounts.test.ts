import { describe, expect, test } from 'vitest';
import {
  formatSpan,
  readBudget,
  readRate,
  readReserve,
  readSpan,
  readWait,
  readWindow,
} from '../../src/policy/amounts.ts';

const MINUTE = { kind: 'rolling', ms: 60_000 };

describe('a budget', () => {
  test.each([
    ['25 USD', { unit: 'money', amount: 25_000_000 }],
    ['0.10 USD', { unit: 'money', amount: 100_000 }],
    ['1000000 tokens', { unit: 'tokens', amount: 1_000_000 }],
    ['1_000_000 tokens', { unit: 'tokens', amount: 1_000_000 }],
    ['500 requests', { unit: 'requests', amount: 500 }],
    ['1_000 calls', { unit: 'requests', amount: 1_000 }],
  ])('`%s` is read exactly', (text, amount) => {
    expect(readBudget(text)).toEqual(amount);
  });

  test.each([
    '25',
    '25 usd',
    '$25',
    '25 EUR',
    '-5 USD',
    '1e3 tokens',
    '5 tokens ',
    '',
    '_ tokens',
    'tokens',
    '1.5 tokens',
  ])('`%s` is refused', (text) => {
    expect(readBudget(text)).toEqual({ fault: expect.stringMatching(/^expected/) });
  });

  test('nothing at all is a rule, not a budget', () => {
    expect(readBudget('0 tokens')).toEqual({ fault: expect.stringContaining('a rule with `deny`') });
    expect(readBudget('0.000 USD')).toEqual({ fault: expect.stringContaining('a rule with `deny`') });
  });

  test('an amount that an integer cannot hold is refused', () => {
    expect(readBudget('9007199254740991 tokens')).toEqual({ unit: 'tokens', amount: Number.MAX_SAFE_INTEGER });
    expect(readBudget('9007199254740992 tokens')).toEqual({ fault: 'the amount is too large to count exactly' });
  });
});

describe('a rate', () => {
  test.each([
    ['60/min', { unit: 'requests', amount: 60, window: MINUTE }],
    ['10/s', { unit: 'requests', amount: 10, window: { kind: 'rolling', ms: 1_000 } }],
    ['1000/h', { unit: 'requests', amount: 1_000, window: { kind: 'rolling', ms: 3_600_000 } }],
    ['60 calls/min', { unit: 'requests', amount: 60, window: MINUTE }],
    ['100_000 tokens/min', { unit: 'tokens', amount: 100_000, window: MINUTE }],
  ])('`%s` is read', (text, rate) => {
    expect(readRate(text)).toEqual(rate);
  });

  test.each(['60', '60/', '/min', '60/d', '60/m', '60/min/min', '5 USD/min', '60 /min', '60/constructor', ''])(
    '`%s` is refused',
    (text) => {
      expect(readRate(text)).toEqual({ fault: expect.stringMatching(/^expected a rate/) });
    },
  );

  test('a rate of nothing is refused', () => {
    expect(readRate('0/min')).toEqual({ fault: expect.stringContaining('more than nothing') });
  });
});

describe('a window', () => {
  test.each(['hour', 'day', 'week', 'month', 'year'])('`%s` follows the calendar of its time zone', (every) => {
    expect(readWindow(every, 'Europe/Berlin')).toEqual({ kind: 'calendar', every, timezone: 'Europe/Berlin' });
  });

  test.each([
    ['90s', 90_000],
    ['15min', 900_000],
    ['1h', 3_600_000],
    ['5d', 432_000_000],
    ['366d', 366 * 86_400_000],
  ])('`%s` is counted back from now', (every, ms) => {
    expect(readWindow(every, 'UTC')).toEqual({ kind: 'rolling', ms });
  });

  test.each(['days', 'Month', '5', 'h', '1.5h', '5m', '-1h', ''])('`%s` is refused', (every) => {
    expect(readWindow(every, 'UTC')).toEqual({ fault: expect.stringMatching(/^expected `hour`/) });
  });

  test.each(['0s', '367d'])('`%s` is no sensible length', (every) => {
    expect(readWindow(every, 'UTC')).toEqual({ fault: 'expected a window of 1 s to 366 days' });
  });
});

describe('a wait', () => {
  test.each([
    ['0s', 0],
    ['20s', 20_000],
    ['5min', 300_000],
  ])('`%s` is so many milliseconds', (text, ms) => {
    expect(readWait(text)).toBe(ms);
  });

  test.each(['301s', '6min', '1h', '0d', '20', '-1s', 's', ''])('`%s` is refused', (text) => {
    expect(readWait(text)).toEqual({ fault: expect.stringMatching(/^expected a wait/) });
  });
});

describe('a span', () => {
  test.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['15min', 900_000],
    ['24h', 86_400_000],
    ['366d', 366 * 86_400_000],
  ])('`%s` is so many milliseconds', (text, ms) => {
    expect(readSpan(text)).toBe(ms);
  });

  test.each(['0s', '367d', '24', 'h', '1.5h', '-1h', 'day', ''])('`%s` is refused', (text) => {
    expect(readSpan(text)).toEqual({ fault: expect.stringMatching(/^expected a time like/) });
  });

  test('is written in the largest unit that fits', () => {
    expect([0, 30_000, 90_000, 3_600_000, 86_400_000, 90_000_000].map(formatSpan)).toEqual([
      '0s',
      '30s',
      '90s',
      '1h',
      '1d',
      '25h',
    ]);
  });
});

describe('a reserve', () => {
  test('is an amount for the final call', () => {
    expect(readReserve('0.10 USD for final')).toEqual({ unit: 'money', amount: 100_000 });
    expect(readReserve('500 tokens for final')).toEqual({ unit: 'tokens', amount: 500 });
  });

  test.each(['0.10 USD', '0.10 USD for later', 'for final', '0 USD for final', '1 USD for final for final', ''])(
    '`%s` is refused',
    (text) => {
      expect(readReserve(text)).toEqual({ fault: expect.stringMatching(/^expected a part of the budget/) });
    },
  );
});
