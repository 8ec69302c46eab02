import { expect, test } from 'vitest';
import { answerText, namedPlaceOf, toolUseIdOf } from '../../src/protocols/tool-steps-mcp.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { bytes, request } from './request.ts';

test.each([
  ['Claude Code', { 'claudecode/toolUseId': 'toolu_1' }, 'toolu_1'],
  ['Codex', { callId: 'call_1', threadId: 't' }, 'call_1'],
  ['a client that says nothing', { progressToken: 1 }, undefined],
  ['an empty id', { callId: '' }, undefined],
  ['an id that is no text', { callId: 7 }, undefined],
  ['an id beyond the bound', { callId: 'x'.repeat(257) }, undefined],
])('the use that is carried out, of %s', (_, meta, id) => {
  expect(toolUseIdOf(meta)).toBe(id);
  const params = { name: 'echo', arguments: {}, _meta: meta };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  expect(mcp.read(request('POST'), '', bytes(message)).toolUseId).toBe(id);
});

test('what an answer says is told without its id and its `_meta`, in whatever order', () => {
  const one = '{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false,"_meta":{"t":1}}}';
  const other = '{"result":{"isError":false,"_meta":{"t":2},"content":[]},"id":2,"jsonrpc":"2.0"}';
  expect(answerText(Buffer.from(one))).toBe('{"content":[],"isError":false}');
  expect(answerText(other)).toBe(answerText(one));
});

test('an error is what it says, and no answer is one', () => {
  expect(answerText('{"id":1,"error":{"code":-1,"message":"no"}}')).toBe('error {"code":-1,"message":"no"}');
  expect(answerText('x')).toBe('error null');
});

test.each([
  [
    { sessionId: 's', threadId: 't' },
    { session: 's', agent: 't' },
  ],
  [
    { sessionId: 's', threadId: 's' },
    { session: 's', agent: undefined },
  ],
  [
    { sessionId: 's', threadId: 7 },
    { session: 's', agent: undefined },
  ],
  [{ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }, { session: 'a'.repeat(32), agent: undefined }],
  [{ sessionId: 'a b', traceparent: 'x' }, undefined],
  [{}, undefined],
])('where a client says that its call belongs: %j', (meta, place) => {
  expect(namedPlaceOf(meta)).toEqual(place);
});
