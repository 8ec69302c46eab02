import { describe, expect, test } from 'vitest';
import { isAtRest } from '../../src/core/body.ts';
import { type ErrorCode, ERRORS, GatewayError } from '../../src/core/errors.ts';
import type { CallId } from '../../src/core/ids.ts';
import { problem } from '../../src/http/problem.ts';

function textOf(error: GatewayError): string {
  const { body } = problem(error, 'call_1' as CallId);
  if (!isAtRest(body)) throw new Error('expected a body at rest');
  return body.toString();
}

describe('an error that no dialect tells', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])('%s is a problem (RFC 9457) that SDKs can read too', (code) => {
    const error = new GatewayError(code, 'what happened and what to do');
    expect(problem(error, 'call_1' as CallId)).toMatchObject({
      status: ERRORS[code].status,
      headers: {
        'content-type': 'application/problem+json',
        'x-should-retry': String(ERRORS[code].retry),
        'waygate-call': 'call_1',
        'x-request-id': 'call_1',
      },
    });
    expect(JSON.parse(textOf(error))).toMatchObject({
      status: ERRORS[code].status,
      detail: 'what happened and what to do',
      error: { type: code, code, message: 'what happened and what to do' },
    });
  });

  test('says when to come back in whole seconds, never too early', () => {
    const late = new GatewayError('gateway.draining', 'x', { retryAfterMs: 1_001 });
    expect(problem(late, undefined).headers['retry-after']).toBe('2');
    expect(problem(new GatewayError('gateway.draining', 'x'), undefined).headers).not.toHaveProperty('retry-after');
  });

  test('says nothing of its cause', () => {
    const error = new GatewayError('gateway.internal', 'failed', { cause: new Error('SECRET') });
    const { headers } = problem(error, undefined);
    expect(JSON.stringify(headers) + textOf(error)).not.toContain('SECRET');
  });
});
