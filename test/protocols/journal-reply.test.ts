import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/core/call.ts';
import { journalReply } from '../../src/protocols/journal-reply.ts';
import { bytes } from './request.ts';

const reply = (dialect: Dialect, status: number, body: string, type = 'application/json') =>
  journalReply(dialect, { status, headers: { 'content-type': type }, body: bytes(body) });

describe('an answer over HTTP', () => {
  test('is done with its JSON as the result', () => {
    expect(reply('http', 201, '{"id":1}', 'application/problem+json; charset=utf-8')).toEqual({
      kind: 'done',
      failed: false,
      result: { id: 1 },
    });
    expect(reply('http', 200, 'id=1', 'text/plain')).toEqual({ kind: 'done', failed: false, result: undefined });
    expect(reply('http', 200, '{"id":')).toEqual({ kind: 'done', failed: false, result: undefined });
    expect(journalReply('http', { status: 204, headers: {}, body: bytes('') })).toMatchObject({ kind: 'done' });
  });

  test.each([400, 404, 409, 422, 500])('%i is done, and failed', (status) => {
    expect(reply('http', status, '{}')).toMatchObject({ kind: 'done', failed: true });
  });

  test.each([401, 407, 421, 425, 429])('%i was not taken on, so that its key stays free', (status) => {
    expect(reply('http', status, '{}')).toEqual({ kind: 'open' });
  });

  test.each([502, 503, 504])('%i tells nobody what became of the call', (status) => {
    expect(reply('http', status, '{}')).toEqual({ kind: 'unknown' });
  });
});

describe('an answer over MCP', () => {
  test('is done with what the tool gave back', () => {
    expect(reply('mcp', 200, '{"id":1,"result":{"structuredContent":{"id":1}}}')).toEqual({
      kind: 'done',
      failed: false,
      result: { id: 1 },
    });
    expect(
      reply('mcp', 200, 'data: {"id":1,"result":{"structuredContent":{"id":1}}}\n\n', 'text/event-stream'),
    ).toMatchObject({ result: { id: 1 } });
  });

  test.each(['{"id":1,"error":{"code":-32602}}', '{"id":1,"result":{"isError":true,"content":[]}}'])(
    'is done and failed: %s',
    (body) => {
      expect(reply('mcp', 200, body)).toMatchObject({ kind: 'done', failed: true });
    },
  );

  test('that asks its client for more is no outcome yet', () => {
    expect(reply('mcp', 200, '{"id":1,"result":{"resultType":"input_required","inputRequests":{}}}')).toEqual({
      kind: 'open',
    });
  });

  test('that refuses the message as such was not carried out', () => {
    expect(reply('mcp', 404, '{"id":1,"error":{"code":-32001}}')).toEqual({ kind: 'open' });
  });

  test.each(['', 'data: {"method":"notifications/progress"}\n\n'])(
    'without a response tells nobody what became of the call: %j',
    (body) => {
      expect(reply('mcp', 200, body, 'text/event-stream')).toEqual({ kind: 'unknown' });
      expect(reply('mcp', 500, body, 'text/event-stream')).toEqual({ kind: 'unknown' });
    },
  );
});
