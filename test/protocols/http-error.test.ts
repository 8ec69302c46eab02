import { expect, test } from 'vitest';
import { type ErrorCode, ERRORS } from '../../src/core/errors.ts';
import { httpError } from '../../src/protocols/http-error.ts';
import { AGENT_CLIS, failure, told } from './errors.ts';

test.each(Object.keys(ERRORS) as ErrorCode[])('%s keeps its status, and its body says the same', (code) => {
  const { status, headers, body } = httpError(failure(code), told());
  expect(status).toBe(ERRORS[code].status);
  expect(JSON.parse(body)).toMatchObject({ status, code, title: code });
  expect(headers['x-request-id']).toBe('call_1');
  expect('www-authenticate' in headers).toBe(status === 401);
});

test('agent CLIs are told once', () => {
  for (const client of AGENT_CLIS) {
    const { headers } = httpError(
      failure('limit.rate', { retryAfterMs: 5_000 }),
      told({ headers: { 'user-agent': client } }),
    );
    expect(headers['x-should-retry']).toBe('false');
    expect(headers).not.toHaveProperty('retry-after');
  }
});
