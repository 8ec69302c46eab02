import { describe, expect, test } from 'vitest';
import type { Headers } from '../../src/core/exchange.ts';
import { isModern } from '../../src/protocols/mcp-headers.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { bytes, request } from './request.ts';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const MODERN = '2026-07-28';
const read = (message: unknown, headers: Headers) => mcp.read(request('POST', headers), '', bytes(message));
const call = (name: string, version?: string, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, ...(version !== undefined && { _meta: { [VERSION]: version } }), ...more },
});
const modern = (name: string) => ({ 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': name });

describe('the revision', () => {
  test.each([
    [{ 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'a' }, call('a', MODERN), MODERN, true],
    [{ 'mcp-protocol-version': '2025-11-25' }, call('a'), '2025-11-25', false],
    [{ 'mcp-protocol-version': '2025-06-18' }, call('a'), '2025-06-18', false],
    [{}, call('a'), undefined, false],
    [{ 'mcp-protocol-version': 'tomorrow' }, call('a'), 'tomorrow', false],
    [
      {},
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } },
      '2025-11-25',
      false,
    ],
    [{}, { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, undefined, false],
    [{ 'mcp-protocol-version': MODERN }, { jsonrpc: '2.0', method: 'notifications/cancelled' }, MODERN, true],
  ])('of %j with %j is %s, and leaving cancels: %s', (headers, message, revision, abortable) => {
    const reading = read(message, headers);
    expect(reading.rpc?.revision).toBe(revision);
    expect(reading.abortable).toBe(abortable);
  });

  test('is modern from 2026-07-28 on', () => {
    expect(['2026-07-28', '2027-01-01'].every(isModern)).toBe(true);
    expect([undefined, '', '2025-11-25', '2024-11-05', 'latest', '2026'].some(isModern)).toBe(false);
  });
});

describe('a header that says otherwise than the body', () => {
  test.each([
    ['another revision', { ...modern('a'), 'mcp-protocol-version': '2025-11-25' }, call('a', MODERN)],
    ['no revision', { 'mcp-method': 'tools/call', 'mcp-name': 'a' }, call('a', MODERN)],
    ['another method', { ...modern('a'), 'mcp-method': 'tools/list' }, call('a', MODERN)],
    ['the method in another case', { ...modern('a'), 'mcp-method': 'Tools/Call' }, call('a', MODERN)],
    ['no method', { 'mcp-protocol-version': MODERN, 'mcp-name': 'a' }, call('a', MODERN)],
    ['another name', modern('b'), call('a', MODERN)],
    ['no name', { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call' }, call('a', MODERN)],
    ['another name, encoded', modern(`=?base64?${btoa('b')}?=`), call('a', MODERN)],
    ['the name in a second encoding', modern('=?base64?YQ?='), call('a', MODERN)],
    ['the name in a second encoding', modern('=?base64?YR==?='), call('a', MODERN)],
    ['a name that only looks encoded', modern('=?base64?YQ==?='), call('=?base64?YQ==?=', MODERN)],
    ['another method, in a session', { 'mcp-method': 'tools/list' }, call('a')],
    ['another name, in a session', { 'mcp-name': 'b' }, call('a')],
    ['a name for what has none', { 'mcp-name': 'b' }, { jsonrpc: '2.0', id: 1, method: 'tools/list' }],
    ['a method for an answer', { 'mcp-method': 'tools/call' }, { jsonrpc: '2.0', id: 1, result: {} }],
    ['another task', { 'mcp-name': 'u' }, { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 't' } }],
  ])('is refused: %s', (_, headers, message) => {
    expect(() => read(message, headers)).toThrow(
      expect.objectContaining({ code: 'request.mismatch', rpcCode: -32_020, status: 400 }),
    );
  });
});

test.each([
  ['a call', modern('a'), call('a')],
  ['a call with an empty `_meta`', modern('a'), call('a', undefined, { _meta: {} })],
  [
    'an initialization of another era',
    { 'mcp-protocol-version': MODERN },
    { jsonrpc: '2.0', id: 1, method: 'initialize' },
  ],
])('%s whose body leaves out the revision of its header has invalid params', (_, headers, message) => {
  expect(() => read(message, headers)).toThrow(
    expect.objectContaining({ code: 'request.invalid', rpcCode: -32_602, status: 400 }),
  );
});

describe('a method that later revisions have taken out', () => {
  const ask = (method: string, params: object) => ({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, _meta: { [VERSION]: MODERN } },
  });
  test.each([
    ['resources/subscribe', { uri: 'a:b' }],
    ['resources/unsubscribe', {}],
    ['tasks/result', { taskId: 'a:b' }],
  ])('%s is unknown there, and known to those before', (method, params) => {
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method };
    expect(() => read(ask(method, params), headers)).toThrow(
      expect.objectContaining({ code: 'route.operation', rpcCode: -32_601, status: 404 }),
    );
    const before = { jsonrpc: '2.0', id: 1, method, params: { uri: 'a:b', taskId: 'a:b' } };
    expect(() => read(before, { 'mcp-protocol-version': '2025-11-25' })).not.toThrow();
  });
});

describe('headers that agree', () => {
  test.each([
    [modern('a'), call('a', MODERN)],
    [modern('=?base64?w6k=?='), call('é', MODERN)],
    [modern(`=?base64?${btoa('=?base64?YQ==?=')}?=`), call('=?base64?YQ==?=', MODERN)],
    [{ 'mcp-method': 'tools/call', 'mcp-name': 'a' }, call('a')],
    [{}, call('a')],
    [{ 'mcp-protocol-version': MODERN }, { jsonrpc: '2.0', method: 'notifications/progress', params: {} }],
    [{ 'mcp-name': 't' }, { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 't' } }],
    [{ 'mcp-name': 'a:b' }, { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'a:b' } }],
  ])('pass: %j', (headers, message) => {
    expect(() => read(message, headers)).not.toThrow();
  });
});
