import { describe, expect, test } from 'vitest';
import { mcpRecorded, mcpResponse, mcpResult } from '../../src/protocols/mcp-recorded.ts';
import { bytes } from './request.ts';

const JSON_ = { 'content-type': 'application/json' };
const SSE = { 'content-type': 'text/event-stream; charset=utf-8' };
const again = (body: string, headers: Record<string, string>, id: string): string =>
  mcpRecorded({ headers, body: bytes(body) }, id).toString();

describe('a recorded answer', () => {
  test('has the id of the new request, and every other byte as it was', () => {
    expect(again('{ "jsonrpc":"2.0", "id" : 1 ,"result":{"id":1,"n":1.0,"t":"ü"}}', JSON_, '"new"')).toBe(
      '{ "jsonrpc":"2.0", "id" : "new" ,"result":{"id":1,"n":1.0,"t":"ü"}}',
    );
    expect(again('{"jsonrpc":"2.0","id":"a","error":{"code":-32602,"message":"id"}}', JSON_, '2')).toBe(
      '{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"id"}}',
    );
  });

  test('of a stream is the response alone: what was told beside it was for the first request', () => {
    const stream =
      'id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}\n\n' +
      'id: 2\nevent: message\ndata: {"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{}}\n\n' +
      'id: 3\nevent: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ü"}]}}\n\n';
    expect(again(stream, SSE, '5')).toBe(
      'event: message\ndata: {"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"ü"}]}}\n\n',
    );
  });

  test('of a stream with a response over several lines stays one event', () => {
    expect(again('data: {"id":1,\ndata: "result":{}}\n\n', SSE, '2')).toBe(
      'event: message\ndata: {"id":2,\ndata: "result":{}}\n\n',
    );
  });
});

describe('the response in a body', () => {
  test.each([
    ['{"id":1,"result":{}}', JSON_],
    ['{"id":1,"error":{"code":1}}', JSON_],
    ['data: {"method":"notifications/progress"}\n\ndata: {"id":1,"result":{}}\n\n', SSE],
    ['data: {"id":1,"result":{}}', SSE],
  ])('is found in %s', (body, headers) => {
    expect(mcpResponse(bytes(body), headers['content-type'])).toMatchObject({ id: 1 });
  });

  test.each([
    ['', JSON_],
    ['{"id":1,"result":{}', JSON_],
    ['{"id":1,"method":"x","result":{}}', JSON_],
    ['data: {"method":"notifications/progress"}\n\n', SSE],
    ['data: {"id":1,"result":{', SSE],
  ])('is not made of %s', (body, headers) => {
    expect(mcpResponse(bytes(body), headers['content-type'])).toBeUndefined();
  });
});

describe('the result of a tool', () => {
  test.each([
    [{ structuredContent: { id: 1 }, content: [{ type: 'text', text: '{"id":2}' }] }, { id: 1 }],
    [
      {
        content: [
          { type: 'image', data: '' },
          { type: 'text', text: '{"id":2}' },
          { type: 'text', text: '{"id":3}' },
        ],
      },
      { id: 2 },
    ],
    [{ content: [{ type: 'text', text: 'created' }] }, undefined],
    [{ content: 'x' }, undefined],
    [undefined, undefined],
  ])('of %j is %j', (result, found) => {
    expect(mcpResult({ id: 1, result })).toEqual(found);
  });
});
