import { describe, expect, test } from 'vitest';
import type { Quota } from '../../src/core/quota.ts';
import type { GatewayError } from '../../src/core/errors.ts';
import { claimsOf } from '../../src/limits/quota-claims.ts';
import { refusal } from '../../src/limits/refusal.ts';
import type { ClaimState } from '../../src/limits/store.ts';
import { AT_ONCE, BUDGET, charge, permitted, quota } from './calls.ts';
import { DAY, HOUR, MINUTE, NOON } from './ledger.ts';

function refuse(one: Quota, state: Partial<ClaimState>, quote = charge(1_200, 250_000), waitedMs = 0): GatewayError {
  const call = permitted({ quotas: [one], tenant: 'acme' });
  const [asked] = claimsOf(call, { quote, nowMs: NOON });
  if (!asked) throw new Error('the quota does not apply');
  return refusal({
    ...asked,
    state: { settled: 0, held: 0, resetMs: 0, retryMs: 0, ...state },
    access: call.access,
    waitedMs,
  });
}

describe('a refusal', () => {
  test('of a rate says which, for whom, how far it is used and when to try again', () => {
    const error = refuse(quota({ per: ['agent', 'tenant'] }), { settled: 60, retryMs: 12_001 });
    expect(error).toMatchObject({ code: 'limit.rate', rule: 'research/pace', retryAfterMs: 12_001, status: 429 });
    expect(error.message).toBe(
      'rate limit `research/pace` for agent `ci` is reached: of 60 requests in any 60 s, 60 requests are spent and ' +
        '0 requests held by running calls, and this call asks for 1 request; try again in 13 s',
    );
  });

  test('of a budget says money in dollars, and has no time to try again in its headers', () => {
    const error = refuse(BUDGET, { settled: 800_000, held: 100_000, retryMs: 7.5 * DAY });
    expect(error).toMatchObject({ code: 'limit.budget', rule: 'research/month', retryAfterMs: undefined, status: 402 });
    expect(error.message).toBe(
      'budget limit `research/month` for tenant `acme` is reached: of 1.00 USD a month (Europe/Berlin), 0.80 USD are ' +
        'spent and 0.10 USD held by running calls, and this call asks for 0.25 USD; it fits again in 8 days; until then ' +
        'ask for less, or have the owner of the limit raise it',
    );
  });

  test('of a budget of which running calls hold what is left asks to try again soon', () => {
    const error = refuse(BUDGET, { settled: 700_000, held: 100_000, retryMs: 7.5 * DAY });
    expect(error).toMatchObject({ code: 'limit.held', retryAfterMs: 1_000, status: 429 });
    expect(error.message).toContain('it fits again when running calls have ended');
  });

  test('of a budget that keeps a part for the last call says how that part is had', () => {
    const kept = { ...BUDGET, window: { kind: 'life' }, per: ['run.root'], keptForFinal: 100_000 } as const;
    const error = refuse(kept, { settled: 800_000 });
    expect(error.message).toBe(
      'budget limit `research/month` for run.root `run_1` is reached: of 1.00 USD in all (0.10 USD of it kept for a last ' +
        'call, which says so in the header `waygate-final: true`), 0.80 USD are spent and 0.00 USD held by running calls, and ' +
        'this call asks for 0.25 USD; the run has used it up for good: end with what there is, or ask for less, or have ' +
        'the owner of the limit raise it',
    );
  });

  test('says how long it stands, where that is known', () => {
    expect(refuse(quota(), { settled: 60, retryMs: 12_001 }).standsMs).toBe(12_001);
    expect(refuse(quota(), { settled: 60, retryMs: 12_001 }, charge(1), 20_000).standsMs).toBeUndefined();
    expect(refuse(BUDGET, { settled: 700_000, held: 100_000, retryMs: 9 }).standsMs).toBeUndefined();
    expect(refuse(quota({ unit: 'tokens', amount: 1_000 }), {}).standsMs).toBe(Infinity);
  });

  test('says how long its call has waited in vain', () => {
    const refused = (waitedMs: number): string => refuse(quota(), { settled: 60 }, charge(1), waitedMs).message;
    expect(refused(999)).not.toContain('waiting');
    expect(refused(20_000)).toContain('asks for 1 request, and 20 s of waiting brought no room; try again');
  });

  test('of calls at once says how many run', () => {
    const error = refuse({ ...AT_ONCE, per: ['subject', 'model'] }, { held: 2 });
    expect(error).toMatchObject({ code: 'limit.concurrency', retryAfterMs: 1_000 });
    expect(error.message).toBe(
      'concurrency limit `research/at-once` for subject `ada`, model `openai/gpt` is reached: 2 of 2 calls are running; ' +
        'try again when running calls have ended',
    );
  });

  test('that only running calls cause says so', () => {
    const tokens = quota({ unit: 'tokens', amount: 2_000 });
    expect(refuse(tokens, { held: 1_500 })).toMatchObject({ retryAfterMs: 1_000 });
    expect(refuse(tokens, { held: 1_500 }).message).toContain('try again when running calls have ended');
    expect(refuse(BUDGET, { held: 900_000 }).message).toContain('it fits again when running calls have ended');
  });

  test('of a call above the whole limit says that waiting does not help, and does not ask to wait', () => {
    const error = refuse(quota({ unit: 'tokens', amount: 1_000 }), {});
    expect(error).toMatchObject({ code: 'limit.rate', retryAfterMs: undefined });
    expect(error.message).toContain(
      'waiting does not help, since the call asks for more than the whole limit: ask for less',
    );
  });

  test('never asks a client to wait longer than 20 s, and tells the true time in words', () => {
    const error = refuse(quota({ window: { kind: 'rolling', ms: HOUR } }), { settled: 60, retryMs: 31 * MINUTE });
    expect(error.retryAfterMs).toBe(20_000);
    expect(error.message).toContain('in any 60 min');
    expect(error.message).toContain('try again in 31 min');
  });

  test.each([
    [1, '1 s'],
    [90_000, '90 s'],
    [2 * MINUTE, '2 min'],
    [2 * HOUR + 1, '3 h'],
    [2 * DAY, '2 days'],
  ])('writes %d ms as %s', (retryMs, words) => {
    expect(refuse(quota(), { settled: 60, retryMs }).message).toMatch(new RegExp(`in ${words}$`));
  });

  test('of a budget that is not renewed names no window', () => {
    const once = quota({ kind: 'budget', unit: 'tokens', amount: 2_000, window: { kind: 'none' } });
    expect(refuse(once, { held: 1_900 }).message).toContain('of 2000 tokens, 0 tokens are spent');
  });
});
