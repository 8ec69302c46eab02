import { describe, expect, test } from 'vitest';
import type { Quota, Standing } from '../../src/core/quota.ts';
import { anthropicLimitHeaders, openaiLimitHeaders, rateLimitFields } from '../../src/protocols/limit-headers.ts';

const standing = (quota: Partial<Quota>, remaining: number, resetMs: number): Standing => ({
  quota: {
    id: 'research/pace',
    kind: 'rate',
    unit: 'requests',
    amount: 60,
    window: { kind: 'rolling', ms: 60_000 },
    per: ['tenant'],
    enforced: true,
    ...quota,
  },
  remaining,
  resetMs,
});

const MONTH = { kind: 'calendar', every: 'month', timezone: 'UTC' } as const;
const standings = [
  standing({}, 12, 48_000),
  standing({ id: 'research/slow', amount: 1_000 }, 7, 360_000),
  standing({ id: 'research/tpm', unit: 'tokens', amount: 90_000 }, 80_000, 6_500),
  standing({ id: 'research/month', kind: 'budget', unit: 'money', amount: 25_000_000, window: MONTH }, 1_500_000, 9e8),
  standing({ id: 'research/par', kind: 'concurrency', unit: 'concurrency', amount: 4, window: { kind: 'none' } }, 3, 0),
];

describe('limit headers', () => {
  test('tell OpenAI clients the tightest limit of each unit', () => {
    expect(openaiLimitHeaders(standings)).toMatchObject({
      'x-ratelimit-limit-requests': '1000',
      'x-ratelimit-remaining-requests': '7',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-tokens': '90000',
      'x-ratelimit-remaining-tokens': '80000',
      'x-ratelimit-reset-tokens': '7s',
    });
  });

  test('tell Anthropic clients the same, with instants', () => {
    const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 250);
    expect(anthropicLimitHeaders(standings, nowMs)).toMatchObject({
      'anthropic-ratelimit-requests-limit': '1000',
      'anthropic-ratelimit-requests-remaining': '7',
      'anthropic-ratelimit-requests-reset': '2026-01-02T03:10:06Z',
      'anthropic-ratelimit-tokens-limit': '90000',
      'anthropic-ratelimit-tokens-reset': '2026-01-02T03:04:12Z',
    });
  });

  test('tell everybody every quota as structured fields', () => {
    expect(rateLimitFields(standings)).toEqual({
      'ratelimit-policy':
        '"research/pace";q=60;qu="requests";w=60, "research/slow";q=1000;qu="requests";w=60, ' +
        '"research/tpm";q=90000;qu="tokens";w=60, "research/month";q=25000000;qu="micro-usd", ' +
        '"research/par";q=4;qu="concurrent-requests"',
      ratelimit:
        '"research/pace";r=12;t=48, "research/slow";r=7;t=360, "research/tpm";r=80000;t=7, ' +
        '"research/month";r=1500000;t=900000, "research/par";r=3',
    });
  });

  test('say nothing of limits that only watch', () => {
    const watched = [standing({ enforced: false }, 0, 1)];
    expect(openaiLimitHeaders(watched)).toEqual({});
    expect(anthropicLimitHeaders(watched, 0)).toEqual({});
    expect(openaiLimitHeaders([...watched, standing({}, 5, 1)])['x-ratelimit-remaining-requests']).toBe('5');
  });

  test('prefer the longer one of two limits that leave equally much', () => {
    const alike = [
      standing({ amount: 10 }, 5, 1_000),
      standing({ amount: 20 }, 5, 2_000),
      standing({ amount: 30 }, 5, 500),
    ];
    expect(openaiLimitHeaders(alike)['x-ratelimit-limit-requests']).toBe('20');
  });

  test.each([
    [0, '0ms'],
    [17, '17ms'],
    [1_000, '1s'],
    [59_001, '1m0s'],
    [3_600_000, '1h0m0s'],
    [90_061_000, '25h1m1s'],
  ])('print %i ms as %s', (resetMs, printed) => {
    expect(openaiLimitHeaders([standing({}, 1, resetMs)])['x-ratelimit-reset-requests']).toBe(printed);
  });

  test('stay parseable for any id and any amount', () => {
    const odd = [standing({ id: 'a"b\\c\né', amount: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER, 1)];
    expect(rateLimitFields(odd)).toEqual({
      'ratelimit-policy': '"a\\"b\\\\c??";q=999999999999999;qu="requests";w=60',
      ratelimit: '"a\\"b\\\\c??";r=999999999999999;t=1',
    });
  });
});
