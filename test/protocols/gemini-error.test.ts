import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/protocols/gemini.ts';
import { AGENT_CLIS, failure, told } from './errors.ts';

describe('errors of Google’s form', () => {
  test.each([
    ['limit.budget', 403, 'PERMISSION_DENIED', 'LIMIT_BUDGET'],
    ['policy.denied', 403, 'PERMISSION_DENIED', 'POLICY_DENIED'],
    ['price.unknown', 403, 'PERMISSION_DENIED', 'PRICE_UNKNOWN'],
    ['identity.invalid', 401, 'UNAUTHENTICATED', 'IDENTITY_INVALID'],
    ['limit.rate', 429, 'RESOURCE_EXHAUSTED', 'LIMIT_RATE'],
    ['route.model', 404, 'NOT_FOUND', 'ROUTE_MODEL'],
    ['route.method', 405, 'UNIMPLEMENTED', 'ROUTE_METHOD'],
    ['request.invalid', 400, 'INVALID_ARGUMENT', 'REQUEST_INVALID'],
    ['request.too_large', 413, 'INVALID_ARGUMENT', 'REQUEST_TOO_LARGE'],
    ['request.aborted', 499, 'CANCELLED', 'REQUEST_ABORTED'],
    ['upstream.broken', 502, 'UNAVAILABLE', 'UPSTREAM_BROKEN'],
    ['upstream.timeout', 504, 'DEADLINE_EXCEEDED', 'UPSTREAM_TIMEOUT'],
    ['gateway.internal', 500, 'INTERNAL', 'GATEWAY_INTERNAL'],
  ] as const)('%s is %i %s', (code, status, name, reason) => {
    const wire = gemini.error(failure(code, { rule: 'research/no' }), told());
    expect(wire.status).toBe(status);
    expect(JSON.parse(wire.body)).toEqual({
      error: {
        code: status,
        message: 'the rule says no; ask the platform team (rule `research/no`)',
        status: name,
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason,
            domain: 'waygate',
            metadata: { code, call: 'call_1', rule: 'research/no' },
          },
        ],
      },
    });
    expect(wire.headers).toMatchObject({ 'content-type': 'application/json', 'x-request-id': 'call_1' });
  });

  test('a refusal is final, a rate is not', () => {
    expect(gemini.error(failure('limit.budget'), told()).headers['x-should-retry']).toBe('false');
    expect(gemini.error(failure('limit.rate', { retryAfterMs: 9_000 }), told()).headers).toMatchObject({
      'x-should-retry': 'true',
      'retry-after': '9',
    });
  });

  test.each(AGENT_CLIS)('%s gets a rate as 403, which it shows and stops at', (agent) => {
    const wire = gemini.error(
      failure('limit.rate', { retryAfterMs: 9_000 }),
      told({ headers: { 'user-agent': agent } }),
    );
    expect(wire.status).toBe(403);
    expect(JSON.parse(wire.body)).toMatchObject({ error: { code: 403, status: 'PERMISSION_DENIED' } });
    expect(wire.headers).not.toHaveProperty('retry-after');
  });

  test('a stream that breaks ends in an error event', () => {
    expect(gemini.streamError(failure('upstream.broken'), told())).toBe(
      '\n\ndata: {"error":{"code":502,"message":"the rule says no; ask the platform team","status":"UNAVAILABLE","details":' +
        '[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"UPSTREAM_BROKEN","domain":"waygate",' +
        '"metadata":{"code":"upstream.broken","call":"call_1"}}]}}\n\n',
    );
  });
});
