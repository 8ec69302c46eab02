import { describe, expect, test } from 'vitest';
import { journaledBytes, journalKey, type Keyed } from '../../src/protocols/journal-key.ts';
import { bytes } from './request.ts';

function mcp(meta: unknown, { id = '7', header }: { id?: string | undefined; header?: string } = {}): Keyed {
  return {
    dialect: 'mcp',
    headers: header === undefined ? {} : { 'idempotency-key': header },
    body: bytes({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'x', arguments: {}, _meta: meta } }),
    rpc: { id, method: 'tools/call', revision: '2025-11-25' },
  };
}

function http(key: string | readonly string[] | undefined): Keyed {
  return {
    dialect: 'http',
    headers: { 'idempotency-key': key },
    body: bytes('{"_meta":{"idempotencyKey":"b"}}'),
    rpc: undefined,
  };
}

describe('the key of a journaled call', () => {
  test.each([
    ['"8e03978e-40d5"', 'key 8e03978e-40d5'],
    ['8e03978e-40d5', 'key 8e03978e-40d5'],
    ['"a b"', 'key a b'],
    ['"say \\"hi\\" \\\\"', 'key say "hi" \\'],
  ])('is what the field says, quoted or not: %s', (field, key) => {
    expect(journalKey(http(field))).toBe(key);
  });

  test.each(['', '""', 'a b', '"a', '"a\\b"', '"a";x=1', 'ü', 'x'.repeat(256)])(
    'is never guessed from a field that is none: %s',
    (field) => {
      expect(() => journalKey(http(field))).toThrow('expected one `Idempotency-Key`');
    },
  );

  test('is never one of two fields', () => {
    expect(() => journalKey(http(['a', 'b']))).toThrow('expected one `Idempotency-Key`');
  });

  test('of plain HTTP never comes from the body', () => {
    expect(journalKey(http(undefined))).toBeUndefined();
  });

  test('of MCP stands in `_meta`, under our name before the common one', () => {
    expect(journalKey(mcp({ idempotencyKey: 'b' }))).toBe('key b');
    expect(journalKey(mcp({ idempotencyKey: 'b', 'waygate/idempotencyKey': 'ü' }))).toBe('key ü');
  });

  test('of MCP stands in the field too, and both must say the same', () => {
    expect(journalKey(mcp({}, { header: 'a' }))).toBe('key a');
    expect(journalKey(mcp({ idempotencyKey: 'a' }, { header: '"a"' }))).toBe('key a');
    expect(() => journalKey(mcp({ idempotencyKey: 'b' }, { header: 'a' }))).toThrow('differ');
  });

  test.each([[1], [null], [''], ['\ud800'], ['x'.repeat(256)], [{}]])('of MCP is never guessed from %j', (key) => {
    expect(() => journalKey(mcp({ idempotencyKey: key }))).toThrow('expected `_meta["idempotencyKey"]`');
  });

  test('may be the request id together with the tool use, and no other request has it', () => {
    expect(journalKey(mcp({ 'claudecode/toolUseId': 'toolu_1' }))).toBe('use 7 toolu_1');
    expect(journalKey(mcp({ callId: 'call_9' }, { id: '"7"' }))).toBe('use "7" call_9');
    expect(journalKey(mcp({ callId: 'call_9', idempotencyKey: 'k' }))).toBe('key k');
  });

  test('is never the request id alone, nor the tool use alone', () => {
    expect(journalKey(mcp({}))).toBeUndefined();
    expect(journalKey(mcp(undefined))).toBeUndefined();
    expect(journalKey({ ...mcp({ callId: 'call_9' }), rpc: undefined })).toBeUndefined();
  });

  test('is not read of an argument that is called `_meta`', () => {
    const body = bytes('{"params":{"arguments":{"_meta":{"idempotencyKey":"x"}}}}');
    expect(journalKey({ ...mcp({}), body })).toBeUndefined();
  });
});

describe('what a repeat has in common with its first call', () => {
  const text = (call: Parameters<typeof journaledBytes>[0]): string =>
    journaledBytes(call)
      .map((part) => part.toString())
      .join('');
  const of = (body: string, method = 'tools/call'): string =>
    text({ ...mcp({}), body: bytes(body), method: 'POST', target: '/', rpc: { id: '1', method, revision: undefined } });

  test('of MCP is all but the id and `_meta`', () => {
    const first = of(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"n":1},"_meta":{"a":1}}}',
    );
    expect(
      of(
        '{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"_meta":{"b":2},"name":"pay","arguments":{"n":1}}}',
      ),
    ).toBe(first);
    expect(of('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"n":1}}}')).toBe(
      first,
    );
    expect(of('{"params":{"name":"pay","arguments":{"n":2}}}')).not.toBe(first);
    expect(of('{"params":{"name":"pay","arguments":{"n":1}}}', 'other')).not.toBe(first);
  });

  test('of MCP tells large numbers apart that JSON.parse does not', () => {
    const one = of('{"params":{"arguments":{"id":9007199254740993}}}');
    expect(of('{"params":{"arguments":{"id":9007199254740992}}}')).not.toBe(one);
  });

  test('of HTTP is method, address, media type and body', () => {
    const call = { ...http('a'), method: 'POST', target: '/pay?x=1', headers: { 'content-type': 'application/json' } };
    const all = [
      call,
      { ...call, method: 'PUT' },
      { ...call, target: '/pay' },
      { ...call, headers: {} },
      { ...call, body: bytes('{}') },
    ].map(text);
    expect(new Set(all).size).toBe(5);
    expect(text({ ...call, headers: { ...call.headers, 'idempotency-key': 'b', accept: '*/*' } })).toBe(all[0]);
  });
});
