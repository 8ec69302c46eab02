import { describe, expect, test } from 'vitest';
import type { Headers } from '../../src/core/exchange.ts';
import { asOperation, http } from '../../src/protocols/http.ts';
import { failure, told } from './errors.ts';
import { bytes, request } from './request.ts';

const read = (body = '', headers: Headers = {}, query = '') =>
  http.read({ ...request('PUT', headers), query }, '/issues/7', bytes(body));
const json = { 'content-type': 'application/json' };

describe('a request', () => {
  test('is its method and path; path parameters, query and body are arguments', () => {
    expect(read('{"a":[1]}', { 'content-type': 'Application/Problem+JSON; charset="UTF-8"' }, '?q=1')).toMatchObject({
      action: 'http.request',
      resource: { kind: 'http', name: 'PUT /issues/7' },
      args: { path: {}, query: { q: '1' }, media: 'application/problem+json', opaque: false, body: { a: [1] } },
      stream: false,
      abortable: true,
    });
  });

  test('without a body has none, and is not opaque', () => {
    expect(read().args).toEqual({ path: {}, query: {}, media: '', opaque: false });
    expect(read('', json).args).not.toHaveProperty('body');
  });

  test.each([
    ['no type', {}, ''],
    ['text', { 'content-type': 'text/plain; charset=utf-8' }, 'text/plain'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'application/x-www-form-urlencoded'],
    ['lines of JSON', { 'content-type': 'application/jsonl' }, 'application/jsonl'],
  ])('with a body of %s says that it is opaque', (_, headers: Headers, media) => {
    expect(read('{"a":1}', headers).args).toEqual({ path: {}, query: {}, media, opaque: true });
  });

  test.each(['null', '7', '"x"', '[1]'])('may have %s for a body', (body) => {
    expect(read(body, json).args['body']).toEqual(JSON.parse(body));
  });

  test.each([
    ['{"a":1,"a":2}', json],
    ['{"a":1e999}', json],
    ['{"a":"\\ud800"}', json],
    ['{"X-HTTP-Method-Override":"DELETE"}', json],
    ['{}', { 'content-type': 'application/json; charset=utf-16' }],
    ['{}', { 'content-type': 'application/json; charset=utf-8; charset=utf-7' }],
  ])('with the body %s is refused', (body, headers: Headers) => {
    expect(() => read(body, headers)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  test('that asks for events is a stream', () => {
    expect(read('', { accept: 'text/event-stream' }).stream).toBe(true);
  });

  test('leaves as it came', () => {
    const body = bytes('{"model":"m"}');
    const sent = http.write(body, read(), { model: 'other', meter: true });
    expect(sent).toEqual({ body, splices: [], hideUsage: false });
  });
});

describe('as an operation', () => {
  const lists = new Set(['label']);

  test('it has the operation’s name and parameters', () => {
    const operation = { name: 'PUT /issues/{id}', parameters: { id: '7' }, lists };
    expect(asOperation(read('', {}, '?label=a&q=1'), operation)).toMatchObject({
      resource: { kind: 'http', name: 'PUT /issues/{id}' },
      args: { path: { id: '7' }, query: { label: ['a'], q: '1' }, opaque: false },
    });
  });

  test('a parameter that is no list occurs once', () => {
    const twice = read('', {}, '?owner=me&owner=root');
    expect(() => asOperation(twice, { name: 'x', parameters: {}, lists })).toThrow(/`owner` occurs more than once/);
  });
});

describe('an error', () => {
  test('is a problem that names the rule, its code, and whether to try again', () => {
    const { status, headers, body } = http.error(failure('policy.denied', { rule: 'team/rule' }), told());
    expect(status).toBe(403);
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'x-should-retry': 'false' });
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'policy.denied',
      status: 403,
      detail: expect.stringContaining('team/rule') as string,
      code: 'policy.denied',
    });
    const rate = http.error(failure('limit.rate', { retryAfterMs: 3_000 }), told());
    expect(rate).toMatchObject({ status: 429, headers: { 'retry-after': '3', 'x-should-retry': 'true' } });
  });

  test('in mid-stream has no words: the connection is cut', () => {
    expect(http.streamError(failure('upstream.broken'), told({ stream: true }))).toBe('');
  });
});
