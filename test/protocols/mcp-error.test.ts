import { describe, expect, test } from 'vitest';
import type { RpcRef } from '../../src/core/call.ts';
import { ERRORS, type ErrorCode, toGatewayError } from '../../src/core/errors.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { failure, told } from './errors.ts';
import { bytes, request } from './request.ts';

const rpc = (method: string, revision?: string, id: string | undefined = '"a"'): RpcRef => ({ id, method, revision });
const answer = (code: ErrorCode, ref: RpcRef | undefined) => {
  const wire = mcp.error(failure(code, { rule: 'research/no', retryAfterMs: 500 }), told(ref ? { rpc: ref } : {}));
  return { ...wire, body: JSON.parse(wire.body) as Record<string, unknown> };
};
const refused = (message: unknown, headers: Record<string, string> = {}) => {
  try {
    mcp.read(request('POST', headers), '', bytes(message));
  } catch (thrown) {
    const wire = mcp.error(toGatewayError(thrown), told());
    return { ...wire, body: JSON.parse(wire.body) as Record<string, unknown> };
  }
  throw new Error('nothing was refused');
};

describe('a tool call that was not made', () => {
  test.each([
    'policy.denied',
    'policy.hold',
    'limit.budget',
    'limit.rate',
    'limit.unavailable',
    'audit.unavailable',
  ] as const)('because of %s is a result that the model can read', (code) => {
    const { status, body, headers } = answer(code, rpc('tools/call', '2025-11-25'));
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      result: {
        content: [
          {
            type: 'text',
            text: 'the rule says no; ask the platform team (rule `research/no`); the tool was not executed',
          },
        ],
        isError: true,
      },
    });
  });

  test('has the kind that results have from 2026-07-28 on', () => {
    expect(answer('policy.denied', rpc('tools/call', '2026-07-28')).body['result']).toMatchObject({
      resultType: 'complete',
      isError: true,
    });
    expect(answer('policy.denied', rpc('tools/call')).body['result']).not.toHaveProperty('resultType');
  });

  test('does not claim that nothing happened where something may have', () => {
    const { status, body } = answer('upstream.broken', rpc('tools/call'));
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain('not executed');
  });
});

describe('errors in the session', () => {
  test.each([
    ['policy.denied', 1_403],
    ['limit.rate', 1_429],
    ['limit.unavailable', 1_503],
    ['upstream.timeout', 1_504],
  ] as const)('%s is a JSON-RPC error %i with HTTP 200', (code, rpcCode) => {
    const { status, body } = answer(code, rpc('resources/read', '2025-11-25', '7'));
    expect(status).toBe(200);
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: {
        code: rpcCode,
        message: 'the rule says no; ask the platform team (rule `research/no`)',
        data: { code, rule: 'research/no', retryAfterMs: 500 },
      },
    });
  });

  test('no code of ours lies where JSON-RPC and MCP have theirs', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      if (/^(request|route)\./.test(code)) continue;
      const { error } = answer(code, rpc('prompts/get')).body as { error: { code: number } };
      expect(error.code).toBeGreaterThan(1_000);
    }
  });

  test('an unknown method keeps a session, and is a 404 where there are none', () => {
    const unknown = { jsonrpc: '2.0', id: 3, method: 'tools/hijack', params: {} };
    expect(refused(unknown)).toMatchObject({ status: 200, body: { id: 3, error: { code: -32_601 } } });
    const version = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/hijack' };
    expect(refused({ ...unknown, params: { _meta: version } }, headers)).toMatchObject({
      status: 404,
      body: { id: 3, error: { code: -32_601 } },
    });
  });
});

describe('errors of the connection', () => {
  test.each([
    ['identity.missing', 401],
    ['identity.expired', 401],
    ['identity.unavailable', 503],
    ['request.too_large', 413],
    ['route.method', 405],
    ['request.upgrade', 426],
  ] as const)('%s is HTTP %i', (code, status) => {
    expect(answer(code, rpc('tools/call')).status).toBe(status);
    expect(answer(code, undefined)).toMatchObject({ status, body: { jsonrpc: '2.0', id: null } });
  });

  test('a token that no longer holds is challenged', () => {
    expect(answer('identity.expired', rpc('tools/call')).headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token"/,
    );
  });

  test('headers that contradict the body are a 400 with the code that MCP has for it', () => {
    const call = { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'a' } };
    expect(refused(call, { 'mcp-method': 'tools/list' })).toMatchObject({
      status: 400,
      body: { id: 3, error: { code: -32_020, data: { code: 'request.mismatch' } } },
    });
  });

  test('what is no message is a 400', () => {
    expect(refused('[]')).toMatchObject({ status: 400, body: { id: null, error: { code: -32_600 } } });
    expect(refused({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: {} })).toMatchObject({
      status: 400,
      body: { id: 3, error: { code: -32_602 } },
    });
  });

  test('a refused notification has no id to answer, so the status tells', () => {
    expect(
      answer('policy.denied', { id: undefined, method: 'notifications/progress', revision: undefined }),
    ).toMatchObject({
      status: 403,
      body: { id: null, error: { code: 1_403 } },
    });
  });
});

describe('a stream that breaks', () => {
  test('ends with the answer that its request waits for', () => {
    const event = mcp.streamError(failure('upstream.broken'), told({ rpc: rpc('tools/call', undefined, '7') }));
    expect(event).toBe(
      '\n\nevent: message\ndata: {"jsonrpc":"2.0","id":7,"error":{"code":1502,' +
        '"message":"the rule says no; ask the platform team","data":{"code":"upstream.broken"}}}\n\n',
    );
  });

  test('ends silently where nobody waits for an answer', () => {
    expect(mcp.streamError(failure('upstream.broken'), told())).toBe('');
  });
});
