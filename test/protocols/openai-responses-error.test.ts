import { describe, expect, test } from 'vitest';
import { openaiResponses } from '../../src/protocols/openai-responses.ts';
import { failure, told } from './errors.ts';

const CODEX = { 'user-agent': 'codex_exec/0.169.0 (Debian 12)' };
const data = (event: string): Record<string, unknown> =>
  JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '') as Record<string, unknown>;

describe('errors of responses', () => {
  test.each([
    ['policy.denied', 400],
    ['limit.budget', 400],
    ['price.unknown', 400],
    ['route.model', 400],
    ['limit.rate', 429],
    ['identity.invalid', 401],
    ['request.too_large', 413],
    ['upstream.unreachable', 502],
  ] as const)('%s is %i', (code, status) => {
    const wire = openaiResponses.error(failure(code), told({ stream: true }));
    expect(wire.status).toBe(status);
    expect(JSON.parse(wire.body)).toMatchObject({
      error: { code, message: 'the rule says no; ask the platform team' },
    });
  });

  test.each([[CODEX], [{ originator: 'codex_vscode' }]])('%j gets one event that ends its run at once', (headers) => {
    const wire = openaiResponses.error(failure('limit.budget'), told({ headers, stream: true }));
    expect(wire.status).toBe(200);
    expect(wire.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-request-id': 'call_1' });
    expect(wire.body).toMatch(/^event: response\.failed\ndata: .*\n\n$/);
    expect(data(wire.body)).toMatchObject({
      type: 'response.failed',
      sequence_number: 0,
      response: {
        object: 'response',
        status: 'failed',
        error: { code: 'invalid_prompt', message: 'the rule says no; ask the platform team' },
      },
    });
  });

  test('Codex gets the terminal form of a rate, too', () => {
    expect(openaiResponses.error(failure('limit.rate'), told({ headers: CODEX, stream: true })).status).toBe(200);
    expect(openaiResponses.error(failure('limit.rate'), told({ headers: CODEX })).status).toBe(400);
  });

  test('Codex may try again where that can help', () => {
    expect(openaiResponses.error(failure('limit.unavailable'), told({ headers: CODEX, stream: true })).status).toBe(
      503,
    );
    expect(openaiResponses.error(failure('identity.missing'), told({ headers: CODEX, stream: true })).status).toBe(401);
  });

  test('a stream that breaks ends in an error event', () => {
    const event = openaiResponses.streamError(failure('upstream.broken'), told());
    expect(event).toMatch(/^\n\nevent: error\ndata: .*\n\n$/);
    expect(data(event)).toMatchObject({ type: 'error', code: 'upstream.broken', param: null, sequence_number: 0 });
  });

  test('for Codex it ends in a failed response, final only where trying again is of no use', () => {
    const event = (code: 'upstream.broken' | 'policy.denied') =>
      data(openaiResponses.streamError(failure(code), told({ headers: CODEX })));
    expect(event('upstream.broken')).toMatchObject({ response: { error: { code: 'server_error' } } });
    expect(event('policy.denied')).toMatchObject({ response: { error: { code: 'invalid_prompt' } } });
  });
});
