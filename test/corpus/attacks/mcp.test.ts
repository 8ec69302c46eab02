// Section 3J, as far as one request goes: the body is the truth, and what cannot be read in one way is refused.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mcp, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

const call = (name: unknown, more = {}): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: {} },
  ...more,
});
const send = (body: unknown, ...fields: readonly string[]): Promise<string> =>
  range.shoot(mcp({ bearer: range.bearer, fields }, body));
const json = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('a message that can be read in two ways is refused', () => {
  test.each<[string, unknown]>([
    ['M-01 a batch', [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }, call('danger')]],
    ['M-01 an empty batch', []],
    ['M-01 a batch in a batch', [[call('danger')]]],
    ['M-02 two names', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","name":"danger"}}'],
    ['M-02 a name in capitals', { ...call('ok'), params: { name: 'ok', Name: 'danger', arguments: {} } }],
    ['M-02 arguments in capitals', { ...call('ok'), params: { name: 'ok', arguments: {}, Arguments: { a: 1 } } }],
    ['M-02 two methods', { ...call('ok'), Method: 'tools/list' }],
    ['M-02 a method twice', '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}'],
    ['M-02 an escaped twin', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","\\u006eame":"danger"}}'],
    ['M-05 no id that is one', call('ok', { id: null })],
    ['M-05 half an id', call('ok', { id: 1.5 })],
    ['M-05 an id past whole numbers', '{"jsonrpc":"2.0","id":1e400,"method":"tools/list"}'],
    ['M-05 an object for an id', call('ok', { id: { a: 1 } })],
    ['M-05 a list for an id', call('ok', { id: [1] })],
    ['M-05 a long id', call('ok', { id: 'x'.repeat(10_240) })],
    ['M-05 two ids', '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}'],
    ['another version', call('ok', { jsonrpc: '1.0' })],
    ['a request that is an answer', call('ok', { result: {} })],
    ['no method', { jsonrpc: '2.0', id: 1 }],
    ['a method that is no text', call('ok', { method: ['tools/call'] })],
    ['parameters in a list', call('ok', { params: ['ok'] })],
    ['M-04 a name that is no text', call({ name: 'ok' })],
    ['M-04 a name of 10 KB', call('x'.repeat(10_240))],
    ['M-04 a name with a line feed', call('ok\ndanger')],
    ['M-04 a name with a space behind it', call('danger ')],
    ['M-04 a name with NUL', call('danger\0')],
    ['M-04 a name that is half a surrogate', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"danger\\ud800"}}'],
    ['M-02 a name of another width', { ...call('ok'), params: { name: 'ok', '\uff4eame': 'danger', arguments: {} } }],
    ['M-02 a name with what has no width', { ...call('ok'), params: { name: 'ok', 'na\u200bme': 'danger', arguments: {} } }],
    ['M-02 parameters in capitals', { ...call('ok'), Params: { name: 'danger' } }],
    ['M-02 an id in capitals', { ...call('ok'), ID: 2 }],
    ['M-02 a key twice in the arguments', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"a":1,"a":2}}}'],
    ['M-05 an id past what a double holds', '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}'],
    ['M-05 true for an id', call('ok', { id: true })],
    ['M-01 messages in lines', `${JSON.stringify(call('ok'))}\n${JSON.stringify(call('danger'))}`],
    ['M-01 an array within the message', { ...call('ok'), params: [call('danger')] }],
  ])('%s', async (_, body) => {
    expect(statusOf(await send(body))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test.each([
    ['M-07 another method', 'mcp-method: tools/list'],
    ['M-07 another name', 'mcp-name: danger'],
    ['M-07 another name in base64', `mcp-name: =?base64?${Buffer.from('danger').toString('base64')}?=`],
    ['M-07 the name in capitals', 'mcp-name: OK'],
    ['M-07 two names', 'mcp-name: ok\r\nmcp-name: danger'],
  ])('%s in the header', async (_, field) => {
    const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const body = { ...call('ok'), params: { name: 'ok', arguments: {}, _meta: modern } };
    const version = ['mcp-protocol-version: 2026-07-28'];
    const method = field.startsWith('mcp-method') ? [] : ['mcp-method: tools/call'];
    const name = field.startsWith('mcp-name') ? [] : ['mcp-name: ok'];
    expect(statusOf(await send(body, ...version, ...method, ...name, field))).toBe(400);
    expect(range.received()).toEqual([]);
    expect(statusOf(await send(body, ...version, 'mcp-method: tools/call', 'mcp-name: ok'))).toBe(200);
    expect(range.received()).toHaveLength(1);
  });

  test('M-07 no header where the revision asks for one', async () => {
    const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const body = { ...call('ok'), params: { name: 'ok', arguments: {}, _meta: modern } };
    expect(statusOf(await send(body, 'mcp-protocol-version: 2026-07-28'))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test('M-08 a revision in the header that is not that of the body', async () => {
    const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const body = { ...call('ok'), params: { name: 'ok', arguments: {}, _meta: modern } };
    const fields = ['mcp-protocol-version: 2025-11-25', 'mcp-method: tools/call', 'mcp-name: ok'];
    expect(statusOf(await send(body, ...fields))).toBe(400);
    expect(range.received()).toEqual([]);
  });
});

describe('a tool that is not allowed is not called', () => {
  test('as a request: the model is told', async () => {
    const answer = await send(call('danger'));
    expect(json(answer)).toMatchObject({ id: 1, result: { isError: true } });
    expect(range.received()).toEqual([]);
  });

  test('M-05 as a notification: it has no effect, and no success', async () => {
    const { id: _, ...notification } = call('danger') as { id: number };
    expect(statusOf(await send(notification))).toBeGreaterThanOrEqual(400);
    expect(range.received()).toEqual([]);
  });

  test.each(['tools/steal', 'Tools/Call', 'tools/call ', '__proto__', 'toString', 'roots/list'])(
    'by a method that nobody governs: `%s`',
    async (method) => {
      const answer = await send(call('ok', { method }));
      expect(json(answer)).toMatchObject({ id: 1, error: { code: -32_601 } });
      expect(range.received()).toEqual([]);
    },
  );
});

test.each(['d\u0430nger', '\uff44anger', 'dan\u200bger', '\u202edanger', '__proto__'])(
  'M-04 a name is its bytes: `%s` is the tool of that name, and arrives as it was',
  async (name) => {
    await send(call(name));
    const names = range.received().map(({ body }) => (JSON.parse(body.toString()) as { params: { name: string } }).params.name);
    expect(names).toEqual([name]);
  },
);

test.each(['ok__danger', 'tools__danger', 'danger__ok', 'tools/danger', 'mcp__tools__danger'])(
  'M-04 a name with another in it is the name as a whole: `%s`',
  async (name) => {
    const answer = await send(call(name));
    const names = range.received().map(({ body }) => (JSON.parse(body.toString()) as { params: { name: string } }).params.name);
    expect(names).toEqual(name.split('/').at(-1) === name ? [name] : names);
    expect(statusOf(answer)).toBe(200);
  },
);

test('M-17 trace context in a message is not the client’s', async () => {
  const meta = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, progressToken: 1 };
  const body = { ...call('ok'), params: { name: 'ok', arguments: {}, _meta: meta } };
  const outer = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
  expect(statusOf(await send(body, `traceparent: ${outer}`))).toBe(200);
  const [one] = range.received();
  expect(one?.body.toString()).toContain('1'.repeat(32));
  expect(one?.body.toString()).not.toContain('a'.repeat(32));
});
