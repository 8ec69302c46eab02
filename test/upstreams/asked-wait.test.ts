import { describe, expect, test } from 'vitest';
import { askedWait, isFinal } from '../../src/upstreams/asked-wait.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

describe('how long a provider asks to be left alone', () => {
  test.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': ['3', '9'] }, 3_000],
    [{ 'retry-after': '1000000000' }, 1_000_000_000_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 12:00:07 GMT' }, 7_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1h0m30s' }, 3_630_000],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '120ms' }, 120],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '7.66s' }, 7_660],
    [
      { 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': '2026-11-24T12:00:05Z' },
      5_000,
    ],
    [
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '2s',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1s',
      },
      2_000,
    ],
    [{ 'retry-after': '1', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '9s' }, 1_000],
  ])('%j → %i ms', (headers, expected) => {
    expect(askedWait(headers, NOW)).toBe(expected);
  });

  test.each([
    {},
    { 'retry-after': '' },
    { 'retry-after': 'soon' },
    { 'retry-after': '-1' },
    { 'retry-after': '1e3' },
    { 'retry-after': 'Tue, soon' },
    { 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '9s' },
    { 'x-ratelimit-remaining-requests': '0' },
    { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '' },
    { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': 'later' },
    { 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': 'later' },
  ])('%j says nothing', (headers) => {
    expect(askedWait(headers, NOW)).toBeUndefined();
  });

  test('one that says that a further try is of no use is believed', () => {
    expect(isFinal({ 'x-should-retry': 'false' })).toBe(true);
    expect(isFinal({ 'x-should-retry': 'true' })).toBe(false);
    expect(isFinal({})).toBe(false);
  });
});
