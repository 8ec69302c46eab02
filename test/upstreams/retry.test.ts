import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import { isNotBegun, type RetryConfig, retryWait, type Standstill } from '../../src/upstreams/retry.ts';
import { chatCall, toolCall } from '../telemetry/calls.ts';

const config: RetryConfig = { attempts: 2, share: 0.2, backoffMs: 100, waitMaxMs: 5_000, withinMs: 30_000 };
const at = (change: Partial<Standstill> = {}): Standstill => ({
  config,
  resent: 0,
  elapsedMs: 0,
  hasNext: false,
  nowMs: 0,
  random: 0.5,
  ...change,
});
const answer = (status: number, headers = {}) => ({ status, headers });
const error = (code: ErrorCode): GatewayError => new GatewayError(code, 'x');
const list: PermittedCall = chatCall({ access: { ...chatCall().access, action: 'model.list' } });

describe('a call surely was not carried out', () => {
  test('where its upstream was never reached, whatever it would have done', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[];
    for (const call of [chatCall(), toolCall(), list])
      expect(codes.filter((code) => isNotBegun(call, error(code)))).toEqual([
        'upstream.unreachable',
        'upstream.unavailable',
      ]);
  });

  test('where a model’s provider says so by its status', () => {
    const statuses = Array.from({ length: 500 }, (_, index) => index + 100);
    const begun = [429, 500, 502, 503, 504, 529];
    expect(statuses.filter((status) => isNotBegun(chatCall(), answer(status)))).toEqual(begun);
    expect(statuses.filter((status) => isNotBegun(list, answer(status)))).toEqual(begun);
  });

  test('but what a tool did before it answered so nobody knows', () => {
    for (const status of [429, 500, 503]) expect(isNotBegun(toolCall(), answer(status))).toBe(false);
  });
});

describe('the wait before a further try', () => {
  test('is anything up to a backoff that doubles', () => {
    expect(retryWait(error('upstream.unreachable'), at({ random: 0 }))).toBe(0);
    expect(retryWait(answer(503), at())).toBe(50);
    expect(retryWait(answer(503), at({ resent: 1, random: 0.999 }))).toBeCloseTo(199.8);
  });

  test('is what the provider asks for, and jitter on top', () => {
    expect(retryWait(answer(429, { 'retry-after': '2' }), at())).toBe(2_050);
    expect(retryWait(answer(429, { 'retry-after': '5' }), at())).toBe(5_050);
  });

  test.each([
    ['after as many further tries as are allowed', answer(503), at({ resent: 2 })],
    ['where the provider asks for more than is waited', answer(429, { 'retry-after': '5.001' }), at()],
    [
      'where it asks for any wait and another upstream can be tried',
      answer(429, { 'retry-after': '1' }),
      at({ hasNext: true }),
    ],
    ['where it would begin too late', answer(503), at({ elapsedMs: 29_960 })],
    ['where the provider says that it is of no use', answer(529, { 'x-should-retry': 'false' }), at()],
    ['at an upstream that is left alone', error('upstream.unavailable'), at()],
  ])('there is none %s', (_, tried, standstill) => {
    expect(retryWait(tried, standstill)).toBeUndefined();
  });

  test('never leads past the end of the time for tries, nor past the longest waits', () => {
    const standstill = fc.record({
      resent: fc.nat(3),
      elapsedMs: fc.nat(40_000),
      hasNext: fc.boolean(),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    const headers = fc.option(
      fc.nat(20).map((seconds) => ({ 'retry-after': String(seconds) })),
      { nil: {} },
    );
    fc.assert(
      fc.property(standstill, headers, (change, asked) => {
        const wait = retryWait(answer(503, asked), at(change));
        if (wait === undefined) return;
        expect(change.elapsedMs + wait).toBeLessThanOrEqual(config.withinMs);
        const longest = change.hasNext ? config.backoffMs : config.waitMaxMs;
        expect(wait).toBeLessThanOrEqual(longest + config.backoffMs * 2 ** change.resent);
      }),
    );
  });
});
