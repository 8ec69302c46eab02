import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { openaiChat } from '../../src/protocols/openai-chat.ts';
import { openaiModels } from '../../src/protocols/openai-models.ts';
import { AGENT_CLIS, failure, SDKS, told } from './errors.ts';

describe('errors of chat completions', () => {
  test.each([
    ['policy.denied', 403, 'permission_error'],
    ['policy.hold', 403, 'permission_error'],
    ['price.unknown', 403, 'permission_error'],
    ['limit.budget', 403, 'insufficient_quota'],
    ['limit.rate', 429, 'rate_limit_error'],
    ['identity.missing', 401, 'authentication_error'],
    ['route.model', 404, 'invalid_request_error'],
    ['request.too_large', 413, 'invalid_request_error'],
    ['upstream.timeout', 504, 'server_error'],
    ['limit.unavailable', 503, 'server_error'],
  ] as const)('%s is %i with the type %s', (code, status, type) => {
    const wire = openaiChat.error(failure(code, { rule: 'research/no' }), told());
    expect(wire.status).toBe(status);
    expect(JSON.parse(wire.body)).toEqual({
      error: { message: 'the rule says no; ask the platform team (rule `research/no`)', type, code, param: null },
    });
    expect(wire.headers).toMatchObject({ 'content-type': 'application/json', 'x-request-id': 'call_1' });
  });

  test('only what may pass by itself is worth another try, and says so', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { headers } = openaiChat.error(failure(code, { retryAfterMs: 5_000 }), told());
      expect([code, headers['x-should-retry']]).toEqual([code, String(ERRORS[code].retry)]);
      expect([code, headers['retry-after']]).toEqual([code, ERRORS[code].retry ? '5' : undefined]);
    }
  });

  test.each([
    [86_400_000, '20'],
    [20_000, '20'],
    [1_001, '2'],
    [0, '1'],
  ])('a wait of %i ms is told as %s s: clients go silent for longer ones', (retryAfterMs, seconds) => {
    const { headers } = openaiChat.error(failure('limit.rate', { retryAfterMs }), told());
    expect(headers['retry-after']).toBe(seconds);
  });

  test.each(AGENT_CLIS)('%s is told that a rate is final, for it would retry for minutes', (agent) => {
    const wire = openaiChat.error(
      failure('limit.rate', { retryAfterMs: 5_000 }),
      told({ headers: { 'user-agent': agent } }),
    );
    expect(wire.status).toBe(403);
    expect(wire.headers['x-should-retry']).toBe('false');
    expect(wire.headers).not.toHaveProperty('retry-after');
  });

  test.each(SDKS)('%s is told when to come back', (agent) => {
    const wire = openaiChat.error(
      failure('limit.concurrency', { retryAfterMs: 5_000 }),
      told({ headers: { 'user-agent': agent } }),
    );
    expect(wire.status).toBe(429);
    expect(wire.headers['retry-after']).toBe('5');
  });

  test('a client without a token learns how to show one', () => {
    expect(openaiChat.error(failure('identity.missing'), told()).headers['www-authenticate']).toBe(
      'Bearer realm="waygate"',
    );
    expect(openaiChat.error(failure('identity.expired'), told()).headers['www-authenticate']).toBe(
      'Bearer error="invalid_token", error_description="the rule says no; ask the platform team"',
    );
    expect(openaiChat.error(failure('policy.denied'), told()).headers).not.toHaveProperty('www-authenticate');
  });

  test('a message that names its rule names it once', () => {
    const error = failure('policy.denied', { rule: 'the rule' });
    expect(openaiChat.error(error, told()).body).not.toContain('(rule');
  });

  test('a stream that breaks ends in an error that no partial event can swallow, and without a DONE', () => {
    const event = openaiChat.streamError(failure('upstream.broken'), told());
    expect(event).toMatch(/^\n\ndata: \{"error":\{"message":"the rule/);
    expect(event).toMatch(/\n\n$/);
    expect(event).not.toContain('[DONE]');
  });

  test('lists of models speak alike', () => {
    expect(openaiModels.error(failure('policy.denied'), told())).toEqual(
      openaiChat.error(failure('policy.denied'), told()),
    );
    expect(openaiModels.error(failure('limit.budget'), told()).status).toBe(403);
    expect(openaiModels.error(failure('route.model'), told()).status).toBe(404);
  });
});
