import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Headers } from '../../src/core/exchange.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { RpcRefusal } from '../../src/protocols/mcp-message.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { bytes, request } from './request.ts';

const read = (message: unknown, headers: Headers = {}) => mcp.read(request('POST', headers), '', bytes(message));
const ask = (method: string, params?: unknown) => ({
  jsonrpc: '2.0',
  id: 7,
  method,
  ...(params !== undefined && { params }),
});

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (thrown) {
    return thrown as GatewayError;
  }
  throw new Error('nothing was refused');
}

describe('what a message asks for', () => {
  test.each([
    ['tools/call', { name: 'create_issue', arguments: { owner: 'acme' } }, 'tool.call', 'tool', 'create_issue'],
    ['tools/list', {}, 'tool.list', 'tool', ''],
    ['resources/read', { uri: 'file:///a' }, 'resource.read', 'resource', 'file:///a'],
    ['resources/subscribe', { uri: 'file:///a' }, 'resource.read', 'resource', 'file:///a'],
    ['resources/unsubscribe', { uri: 'file:///a' }, 'resource.read', 'resource', 'file:///a'],
    ['resources/list', {}, 'tool.list', 'resource', ''],
    ['resources/templates/list', undefined, 'tool.list', 'resource', ''],
    ['prompts/get', { name: 'review', arguments: { code: 'x' } }, 'prompt.get', 'prompt', 'review'],
    ['prompts/list', {}, 'tool.list', 'prompt', ''],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'review' } }, 'prompt.get', 'prompt', 'review'],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'a://{b}' } }, 'resource.read', 'resource', 'a://{b}'],
    ['initialize', { protocolVersion: '2025-11-25' }, 'tool.list', 'tool', ''],
    ['ping', undefined, 'tool.list', 'tool', ''],
    ['server/discover', {}, 'tool.list', 'tool', ''],
    ['logging/setLevel', { level: 'info' }, 'tool.list', 'tool', ''],
    ['subscriptions/listen', {}, 'tool.list', 'tool', ''],
    ['tasks/get', { taskId: 't' }, 'tool.list', 'tool', ''],
    ['tasks/cancel', { taskId: 't' }, 'tool.list', 'tool', ''],
  ])('%s %j is %s on %s/…/%s', (method, params, action, kind, name) => {
    expect(read(ask(method, params))).toMatchObject({ action, resource: { kind, name }, stream: false });
  });

  test('arguments are what policies see, of calls and prompts alone', () => {
    expect(read(ask('tools/call', { name: 'a', arguments: { owner: 'acme', n: 1 } })).args).toEqual({
      owner: 'acme',
      n: 1,
    });
    expect(read(ask('tools/call', { name: 'a' })).args).toEqual({});
    expect(read(ask('prompts/get', { name: 'a', arguments: { x: 'y' } })).args).toEqual({ x: 'y' });
    expect(read(ask('resources/read', { uri: 'a:b', arguments: { x: 'y' } })).args).toEqual({});
    expect(read(ask('tools/list', { arguments: { x: 'y' } })).args).toEqual({});
  });

  test('notifications and answers keep the connection', () => {
    const progress = read({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } });
    expect(progress).toMatchObject({ action: 'tool.list', resource: { kind: 'tool', name: '' } });
    expect(progress.rpc).toEqual({ id: undefined, method: 'notifications/progress', revision: undefined });
    const answer = read({ jsonrpc: '2.0', id: 'elicit-1', result: { action: 'accept' } });
    expect(answer).toMatchObject({ action: 'tool.list', traceable: false });
    expect(answer.rpc).toEqual({ id: undefined, method: '', revision: undefined });
    expect(read({ jsonrpc: '2.0', id: 1, error: { code: 1, message: 'no' } }).action).toBe('tool.list');
  });

  test('listening and the end of a session have no message', () => {
    const bodiless = (method: string, body = '') => mcp.read(request(method), '', Buffer.from(body));
    expect(bodiless('GET')).toMatchObject({ action: 'tool.list', stream: true, abortable: true, rpc: undefined });
    expect(bodiless('DELETE')).toMatchObject({ action: 'tool.list', stream: false, abortable: false, rpc: undefined });
    expect(() => bodiless('GET', '{}')).toThrow(/no body with GET/);
  });

  test('ids stay as they are on the wire', () => {
    expect(read({ ...ask('ping'), id: 'a"b' }).rpc?.id).toBe('"a\\"b"');
    expect(read({ ...ask('ping'), id: -3 }).rpc?.id).toBe('-3');
    expect(read({ ...ask('ping'), id: 'x'.repeat(512) }).rpc?.id).toHaveLength(514);
  });
});

describe('what is refused', () => {
  test.each([
    ['a batch', [ask('tools/list'), ask('tools/call', { name: 'denied' })]],
    ['an empty batch', []],
    ['another version', { ...ask('ping'), jsonrpc: '1.0' }],
    ['no method and no result', { jsonrpc: '2.0', id: 1 }],
    ['a method and a result', { ...ask('tools/call', { name: 'a' }), result: {} }],
    ['a method that is no text', ask(7 as unknown as string)],
    ['params that are no object', ask('tools/call', ['a'])],
    ['_meta that is no object', ask('tools/call', { name: 'a', _meta: 'x' })],
    ['a key in another case', { ...ask('tools/call', { name: 'ok' }), Method: 'tools/list' }],
    ['params in another case', { ...ask('tools/call', { name: 'ok' }), PARAMS: { name: 'denied' } }],
    ['a name in another case', ask('tools/call', { name: 'ok', Name: 'denied' })],
    ['arguments in another case', ask('tools/call', { name: 'ok', arguments: {}, Arguments: { a: 1 } })],
    ['a name twice', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","name":"denied"}}'],
    ['an id of null', { ...ask('ping'), id: null }],
    ['a fraction as id', { ...ask('ping'), id: 1.5 }],
    ['an id past the whole numbers', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['an object as id', { ...ask('ping'), id: {} }],
    ['an endless id', { ...ask('ping'), id: 'x'.repeat(513) }],
    ['a version that is no text', ask('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': 1 } })],
    ['a spoofed trace key', ask('tools/list', { _meta: { TraceParent: 'x' } })],
  ])('%s', (_, message) => {
    const error = refusal(() => read(message));
    expect(error).toBeInstanceOf(GatewayError);
    expect(error.code).toBe('request.invalid');
  });

  test.each([
    ['a tool without a name', ask('tools/call', {})],
    ['a tool call without params', ask('tools/call')],
    ['a name with a NUL', ask('tools/call', { name: 'a\u0000' })],
    ['arguments that are no object', ask('tools/call', { name: 'a', arguments: [1] })],
    [
      'half a character in arguments',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"x":"\\ud800"}}}',
    ],
    [
      'a number without bounds',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"x":1e400}}}',
    ],
    ['an endless address', ask('resources/read', { uri: `file:///${'x'.repeat(4_096)}` })],
    ['a completion of nothing', ask('completion/complete', { ref: { type: 'ref/tool', name: 'a' } })],
  ])('%s, by its id', (_, message) => {
    const error = refusal(() => read(message));
    expect(error).toMatchObject({ code: 'request.invalid', rpcCode: -32_602, rpc: { id: '7' } });
  });

  test.each(['tools/hijack', 'constructor', '__proto__', 'tools/Call', 'notifications/cancelled', 'initialized'])(
    'a request %s, which nobody knows',
    (method) => {
      const error = refusal(() => read(ask(method, {})));
      expect(error).toBeInstanceOf(RpcRefusal);
      expect(error).toMatchObject({ code: 'route.operation', rpcCode: -32_601, rpc: { id: '7', method } });
    },
  );

  test('a call that asks for no answer, so that nothing can be told of it', () => {
    const error = refusal(() => read({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'a' } }));
    expect(error).toMatchObject({ code: 'route.operation', rpc: { id: undefined } });
  });

  test('anything else, without any other exception', () => {
    const member = fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'result', 'name', '_meta', 'ref');
    const message = fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.constantFrom('2.0', 'tools/call', 'ping')));
    fc.assert(
      fc.property(message, fc.dictionary(fc.constantFrom('mcp-name', 'mcp-method'), fc.string()), (body, headers) => {
        try {
          read({ jsonrpc: '2.0', ...body }, headers);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});

describe('splices', () => {
  const call = ask('tools/call', { name: 'a' });

  test('are announced where a message has params to carry them', () => {
    const splices = (message: unknown) => {
      const body = bytes(message);
      return mcp.write(body, mcp.read(request('POST'), '', body), { model: '', meter: false });
    };
    expect(splices(call)).toMatchObject({ body: bytes(call), splices: ['mcp-trace'], hideUsage: false });
    expect(splices(ask('ping')).splices).toEqual([]);
    expect(splices({ jsonrpc: '2.0', id: 1, result: {} }).splices).toEqual([]);
  });
});
