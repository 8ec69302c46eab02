import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paceOf } from '../../src/protocols/pace.ts';

const NOW = Date.UTC(2026, 10, 24, 12);

const pause = (headers: Record<string, string | string[]>, status = 200): number | undefined => {
  const untilMs = paceOf({ status, headers }, NOW);
  return untilMs === undefined ? undefined : untilMs - NOW;
};

const openai = (unit: string, remaining: string, reset: string) => ({
  [`x-ratelimit-remaining-${unit}`]: remaining,
  [`x-ratelimit-reset-${unit}`]: reset,
});
const anthropic = (unit: string, remaining: string, reset: string) => ({
  [`anthropic-ratelimit-${unit}-remaining`]: remaining,
  [`anthropic-ratelimit-${unit}-reset`]: reset,
});

describe('what a provider says of its pace', () => {
  test.each([
    ['seconds', openai('requests', '0', '1s'), 1_000],
    ['a fraction of seconds', openai('tokens', '0', '7.66s'), 7_660],
    ['milliseconds', openai('requests', '0', '120ms'), 120],
    ['seconds and milliseconds', openai('requests', '0', '2s5ms'), 2_005],
    ['bare seconds', openai('requests', '0', '3'), 3_000],
    ['more than is worth waiting for, since some of it is there sooner', openai('requests', '0', '1h6m0s'), 15_000],
    ['days', openai('requests', '0', '1d'), 15_000],
    ['the later of two', { ...openai('requests', '0', '1s'), ...openai('tokens', '0', '4s') }, 4_000],
    [
      'what is used up, and not what is left',
      { ...openai('requests', '9', '8s'), ...openai('tokens', '0', '4s') },
      4_000,
    ],
    ['a moment', anthropic('requests', '0', '2026-11-24T12:00:05Z'), 5_000],
    ['a moment for tokens', anthropic('output-tokens', '0', '2026-11-24T12:00:02Z'), 2_000],
  ])('is read from a reset in %s', (_, headers, ms) => {
    expect(pause(headers)).toBe(ms);
  });

  test.each([
    ['something left', openai('requests', '1', '1s')],
    ['no reset', { 'x-ratelimit-remaining-requests': '0' }],
    ['a reset that cannot be read', openai('requests', '0', 'soon')],
    ['an empty reset', openai('requests', '0', '')],
    ['a reset in the past', anthropic('requests', '0', '2026-11-24T11:00:00Z')],
    ['nothing', {}],
  ])('is nothing where it says %s', (_, headers) => {
    expect(pause(headers)).toBeUndefined();
  });

  test.each([
    [429, { 'retry-after': '30' }, 30_000],
    [529, { 'retry-after': '2' }, 2_000],
    [429, { 'retry-after': 'Tue, 24 Nov 2026 12:00:09 GMT' }, 9_000],
    [429, { 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
    [429, { 'retry-after-ms': 'x', 'retry-after': '2' }, 2_000],
    [429, { 'retry-after': '999999' }, 3_600_000],
    [429, {}, undefined],
    [429, { 'retry-after': 'later' }, undefined],
    [200, { 'retry-after': '30' }, undefined],
    [503, { 'retry-after': '30' }, undefined],
  ])('with status %i and %j', (status, headers, ms) => {
    expect(pause(headers, status)).toBe(ms);
  });

  test('whatever its headers are, it is a moment to come or none', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom(200, 429), (reset, retry, status) => {
        const headers = { ...openai('tokens', '0', reset), ...anthropic('tokens', '0', reset), 'retry-after': retry };
        const ms = pause(headers, status) ?? 1;
        expect(ms > 0 && ms <= 3_600_000).toBe(true);
      }),
    );
  });
});
