import { describe, expect, test } from 'vitest';
import { isAtRest } from '../../src/core/body.ts';
import { DIALECTS } from '../../src/core/call.ts';
import { type ErrorCode, ERRORS, GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { Quota, Standing } from '../../src/core/quota.ts';
import { presenter, refuse } from '../../src/http/present.ts';
import { chatCall, incoming, toolCall } from '../telemetry/calls.ts';
import { NO_FLIGHT } from '../support/runs.ts';

const present = presenter(() => 0);
const id = 'call_7' as CallId;
const quota: Quota = {
  id: 'p/pace',
  kind: 'rate',
  unit: 'requests',
  amount: 10,
  window: { kind: 'rolling', ms: 60_000 },
  per: ['tenant'],
  enforced: true,
};
const standing: Standing = { quota, remaining: 3, resetMs: 2_000 };

function answer(headers: Answer['headers']): Answer {
  return { status: 200, headers, body: { start: () => ({ resume: () => {}, cancel: () => {} }) } };
}

describe('an answer on its way back', () => {
  test('keeps what its upstream said, and carries the ids of its call and run', () => {
    const call = chatCall();
    const { status, headers } = present(
      call,
      answer({ 'content-type': 'application/json', 'x-request-id': 'req_1' }),
      [],
      NO_FLIGHT,
    );
    expect(status).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'x-request-id': 'req_1',
      'waygate-call': call.id,
      'waygate-run': call.access.run.id,
    });
  });

  test('tells what is left of our limits instead of what the upstream says of its own', () => {
    const upstream = {
      'x-ratelimit-remaining-requests': '999',
      'x-ratelimit-remaining-tokens': '999',
      'anthropic-ratelimit-requests-remaining': '999',
      ratelimit: '"u";r=999',
    };
    const { headers } = present(chatCall(), answer(upstream), [standing], NO_FLIGHT);
    expect(headers).toMatchObject({ 'x-ratelimit-remaining-requests': '3', ratelimit: '"p/pace";r=3;t=2' });
    expect(JSON.stringify(headers)).not.toContain('999');
    expect(present(chatCall(), answer(upstream), [], NO_FLIGHT).headers).toMatchObject(upstream);
  });

  test('an open stream that breaks ends with the error event of its dialect', () => {
    const { broken } = present(
      chatCall(),
      answer({ 'content-type': 'text/event-stream; charset=utf-8' }),
      [],
      NO_FLIGHT,
    );
    expect(broken?.(new GatewayError('upstream.broken', 'it broke off'))).toMatch(
      /^\n\ndata: \{"error":.*it broke off.*\}\n\n$/,
    );
  });

  test.each([
    ['JSON', { 'content-type': 'application/json' }],
    ['a stream of a stated length', { 'content-type': 'text/event-stream', 'content-length': '10' }],
    ['a compressed stream', { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }],
    ['something without a type', {}],
  ])('%s has no place for an event, and is cut', (_, headers: Answer['headers']) => {
    expect(present(chatCall(), answer(headers), [], NO_FLIGHT).broken).toBeUndefined();
  });

  test('a body that will lose its usage loses its length', () => {
    const withLength = answer({ 'content-type': 'text/event-stream', 'content-length': '10' });
    expect(present(chatCall({ hideUsage: true }), withLength, [], NO_FLIGHT).headers).not.toHaveProperty(
      'content-length',
    );
  });
});

describe('a refusal', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];

  test.each(DIALECTS.flatMap((dialect) => codes.map((code) => [dialect, code] as const)))(
    'in %s of %s says what happened, in JSON, with the ids',
    (dialect, code) => {
      const call = dialect === 'mcp' ? toolCall() : chatCall({ dialect });
      const error = new GatewayError(code, 'what happened', { cause: new Error('SECRET'), rule: 'team/rule' });
      const { headers, body } = refuse(error, incoming(), { id, place: { dialect }, call });
      const text = isAtRest(body) ? body.toString() : '';
      expect(text).toContain('what happened');
      expect(text + JSON.stringify(headers)).not.toContain('SECRET');
      expect(headers).toMatchObject({ 'waygate-call': id, 'waygate-run': call.access.run.id });
      if (String(headers['content-type']).endsWith('json')) expect(() => JSON.parse(text) as unknown).not.toThrow();
      else expect(headers['content-type']).toBe('text/event-stream');
    },
  );

  test('of a request that was never resolved has no run yet', () => {
    const error = new GatewayError('identity.missing', 'who are you?');
    const { status, headers } = refuse(error, incoming(), { id, place: { dialect: 'anthropic' }, call: undefined });
    expect(status).toBe(401);
    expect(headers).not.toHaveProperty('waygate-run');
  });

  test('without a route is a problem (RFC 9457)', () => {
    const error = new GatewayError('route.unknown', 'no route for this');
    const { headers, status } = refuse(error, incoming(), { id, place: undefined, call: undefined });
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
  });
});
