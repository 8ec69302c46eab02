import { describe, expect, test } from 'vitest';
import {
  goodbyeAsk,
  initializeAsk,
  type McpSession,
  sessionIn,
  STATELESS,
  toolAsk,
} from '../../src/protocols/mcp-asks.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { bytes } from './request.ts';

const SESSION: McpSession = { revision: '2025-11-25', id: 's1' };
const use = (name: string) => ({ name, args: { id: 7 }, idempotencyKey: 'k' });
const answer = (result: unknown, headers: Record<string, string> = {}) => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...headers },
  body: bytes({ jsonrpc: '2.0', id: 1, result }),
});

describe('a call of a tool', () => {
  test.each([
    ['with a session', SESSION],
    ['without', STATELESS],
  ])('%s is one that the gateway reads as such, whatever its name', (_, session) => {
    for (const name of ['close', 'close it', 'schließen', '=?base64?x?=']) {
      const { headers, body, method } = toolAsk(session, use(name));
      const reading = mcp.read({ method, path: '/mcp/tickets', query: '', headers }, '', body);
      expect(reading).toMatchObject({ action: 'tool.call', resource: { kind: 'tool', name }, args: { id: 7 } });
      expect(reading.rpc?.revision).toBe(session.revision);
    }
  });

  test('has the id of its session, and no `_meta` where the server’s revision has none', () => {
    const { headers, body } = toolAsk(SESSION, use('close'));
    expect(headers).toMatchObject({ 'mcp-session-id': 's1', 'idempotency-key': 'k' });
    expect(headers).not.toHaveProperty('mcp-name');
    expect(body.toString()).not.toContain('_meta');
  });
});

describe('a session', () => {
  test.each([
    [answer({ protocolVersion: '2025-06-18' }, { 'mcp-session-id': 's1' }), { revision: '2025-06-18', id: 's1' }],
    [answer({ protocolVersion: '2025-11-25' }), { revision: '2025-11-25', id: undefined }],
    [answer({ protocolVersion: '2027-01-01' }, { 'mcp-session-id': 's1' }), { revision: '2027-01-01', id: undefined }],
    [answer({ protocolVersion: 'latest' }), undefined],
    [answer({}), undefined],
    [{ ...answer({ protocolVersion: '2025-11-25' }), status: 400 }, undefined],
    [{ ...answer({}), body: bytes({ jsonrpc: '2.0', id: 1, error: { code: -32_601, message: 'no' } }) }, undefined],
  ])('is what the answer to `initialize` opens (%#)', (opened, expected) => {
    expect(initializeAsk().body.toString()).toContain('"protocolVersion":"2025-11-25"');
    expect(sessionIn(opened)).toEqual(expected);
  });

  test('is ended where there is one', () => {
    expect(goodbyeAsk(SESSION)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1' } });
    expect(goodbyeAsk(STATELESS)).toBeUndefined();
  });
});
