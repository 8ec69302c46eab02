import { describe, expect, test } from 'vitest';
import { anthropic } from '../../src/protocols/anthropic.ts';
import { AGENT_CLIS, failure, told } from './errors.ts';

describe('errors of messages', () => {
  test.each([
    ['limit.budget', 402, 'billing_error'],
    ['policy.denied', 403, 'permission_error'],
    ['price.unknown', 403, 'permission_error'],
    ['identity.invalid', 401, 'authentication_error'],
    ['limit.rate', 429, 'rate_limit_error'],
    ['route.model', 404, 'not_found_error'],
    ['request.invalid', 400, 'invalid_request_error'],
    ['request.too_large', 413, 'request_too_large'],
    ['route.method', 405, 'invalid_request_error'],
    ['upstream.broken', 502, 'api_error'],
    ['limit.unavailable', 503, 'overloaded_error'],
    ['upstream.timeout', 504, 'timeout_error'],
    ['gateway.internal', 500, 'api_error'],
  ] as const)('%s is %i %s', (code, status, type) => {
    const wire = anthropic.error(failure(code, { rule: 'research/no' }), told());
    expect(wire.status).toBe(status);
    expect(JSON.parse(wire.body)).toEqual({
      type: 'error',
      error: { type, message: 'the rule says no; ask the platform team (rule `research/no`)' },
      request_id: 'call_1',
    });
    expect(wire.headers).toMatchObject({ 'content-type': 'application/json', 'request-id': 'call_1' });
  });

  test('a refusal is final, a rate is not', () => {
    expect(anthropic.error(failure('limit.budget'), told()).headers['x-should-retry']).toBe('false');
    expect(anthropic.error(failure('limit.rate', { retryAfterMs: 9_000 }), told()).headers).toMatchObject({
      'x-should-retry': 'true',
      'retry-after': '9',
    });
  });

  test.each(AGENT_CLIS)('%s gets a rate as 402, which it shows and stops at', (agent) => {
    const wire = anthropic.error(
      failure('limit.rate', { retryAfterMs: 9_000 }),
      told({ headers: { 'user-agent': agent } }),
    );
    expect(wire.status).toBe(402);
    expect(JSON.parse(wire.body)).toMatchObject({ error: { type: 'billing_error' } });
    expect(wire.headers).not.toHaveProperty('retry-after');
  });

  test('a stream that breaks ends in an error event', () => {
    const event = anthropic.streamError(failure('upstream.broken'), told());
    expect(event).toBe(
      '\n\nevent: error\ndata: {"type":"error","error":{"type":"api_error",' +
        '"message":"the rule says no; ask the platform team"},"request_id":"call_1"}\n\n',
    );
  });
});
