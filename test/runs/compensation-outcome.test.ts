import { describe, expect, test } from 'vitest';
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import { outcomeOfError } from '../../src/runs/compensation-outcome.ts';

describe('a compensation without an answer', () => {
  test.each<[ErrorCode, boolean, 'failed' | 'unknown']>([
    ['policy.denied', false, 'failed'],
    ['limit.unavailable', false, 'failed'],
    ['journal.mismatch', false, 'failed'],
    // Another call has its key, and may have carried it out.
    ['journal.unknown', false, 'unknown'],
    ['upstream.unreachable', true, 'failed'],
    ['upstream.unavailable', true, 'failed'],
    ['upstream.timeout', true, 'unknown'],
    ['upstream.broken', true, 'unknown'],
    ['run.killed', true, 'unknown'],
    ['gateway.internal', true, 'unknown'],
  ])('that ends in `%s`, sent: %s, is %s', (code, wasSent, kind) => {
    expect(outcomeOfError(new GatewayError(code, 'why'), wasSent)).toEqual({ kind, because: 'why' });
  });
});
