import { describe, expect, test } from 'vitest';
import { HeldForApproval } from '../../src/core/approval.ts';
import type { RpcRef } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { told } from './errors.ts';
import { bytes, request } from './request.ts';

const META = 'io.modelcontextprotocol/';
const MODERN = '2026-07-28';

interface Asking {
  readonly elicitation?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>> & { readonly name?: string; readonly uri?: string };
  readonly revision?: string;
}

/** What is known of a request by a client with these capabilities. */
function rpcOf({ elicitation, method = 'tools/call', params = { name: 'send' }, revision = MODERN }: Asking): RpcRef {
  const meta = {
    [`${META}protocolVersion`]: revision,
    [`${META}clientCapabilities`]: elicitation === undefined ? {} : { elicitation },
  };
  const message = { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: meta } };
  const name = params.uri ?? params.name;
  const mirrors = { 'mcp-protocol-version': revision, 'mcp-method': method };
  const headers = { ...mirrors, ...(name !== undefined && { 'mcp-name': name }) };
  return mcp.read(request('POST', headers), '', bytes(message)).rpc as RpcRef;
}

const held = (page?: string) =>
  new HeldForApproval('held; approval `appr_1` waits', { approval: 'appr_1', page, rule: 'research/no-egress' });

function resultOf(rpc: RpcRef, error: GatewayError = held()): Record<string, unknown> {
  const { status, body } = mcp.error(error, told({ rpc }));
  expect(status).toBe(200);
  const message = JSON.parse(body) as { id: unknown; result: Record<string, unknown> };
  expect(message.id).toBe(7);
  return message.result;
}

describe('a held call', () => {
  test.each([[{}], [{ form: {} }], [{ form: {}, url: {} }]])(
    'of a client that declares %j is answered with a question',
    (elicitation) => {
      expect(resultOf(rpcOf({ elicitation }))).toEqual({
        resultType: 'input_required',
        inputRequests: {
          waygate_approval: {
            method: 'elicitation/create',
            params: {
              mode: 'form',
              message: expect.stringMatching(/^held; approval `appr_1` waits\. To accept this form approves nothing/),
              requestedSchema: { type: 'object', properties: {} },
            },
          },
        },
      });
    },
  );

  test('leads to the page where it can be decided on, if there is one and the client opens pages', () => {
    const page = 'https://console.test/approvals/appr_1';
    const params = { mode: 'url', url: page, message: 'held; approval `appr_1` waits' };
    for (const elicitation of [{ url: {} }, { form: {}, url: {} }]) {
      expect(resultOf(rpcOf({ elicitation }), held(page))).toEqual({
        resultType: 'input_required',
        inputRequests: { waygate_approval: { method: 'elicitation/create', params } },
      });
    }
    expect(resultOf(rpcOf({ elicitation: {} }), held(page))['inputRequests']).toMatchObject({
      waygate_approval: { params: { mode: 'form' } },
    });
  });

  test('is asked about in prompts and resources too', () => {
    for (const [method, params] of [
      ['prompts/get', { name: 'p' }],
      ['resources/read', { uri: 'file:///a' }],
    ] as const) {
      expect(resultOf(rpcOf({ elicitation: {}, method, params }))).toMatchObject({ resultType: 'input_required' });
    }
  });

  const text = 'held; approval `appr_1` waits (rule `research/no-egress`); the tool was not executed';
  test.each<[string, Asking]>([
    ['of a client that cannot be asked', {}],
    ['of one that says so in another way than the specification', { elicitation: true }],
    ['of one that opens pages, where there is none,', { elicitation: { url: {} } }],
    ['of one with an unknown mode', { elicitation: { voice: {} } }],
    [
      'whose user has declined',
      { elicitation: {}, params: { name: 'send', inputResponses: { waygate_approval: { action: 'decline' } } } },
    ],
    [
      'whose user has cancelled',
      { elicitation: {}, params: { name: 'send', inputResponses: { waygate_approval: { action: 'cancel' } } } },
    ],
    [
      'whose answer makes no sense',
      { elicitation: {}, params: { name: 'send', inputResponses: { waygate_approval: 1 } } },
    ],
    ['within an exchange of the upstream', { elicitation: {}, params: { name: 'send', requestState: 's' } }],
    ['that answers the upstream', { elicitation: {}, params: { name: 'send', inputResponses: { other: {} } } }],
    ['with answers that are none', { elicitation: {}, params: { name: 'send', inputResponses: 5 } }],
  ])('%s is a result that the model can read', (_, asking) => {
    expect(resultOf(rpcOf(asking))).toEqual({
      resultType: 'complete',
      content: [{ type: 'text', text }],
      isError: true,
    });
  });

  test('of a session, before 2026-07-28, is a result that the model can read', () => {
    const result = resultOf(rpcOf({ elicitation: {}, revision: '2025-11-25' }));
    expect(result).toEqual({ content: [{ type: 'text', text }], isError: true });
  });

  test('whose user has accepted is asked about again while nobody has approved', () => {
    const params = { name: 'send', inputResponses: { waygate_approval: { action: 'accept', content: {} } } };
    expect(resultOf(rpcOf({ elicitation: {}, params }))).toMatchObject({ resultType: 'input_required' });
  });
});

test.each(['tools/list', 'server/discover'])('%s is never answered with a question', (method) => {
  const rpc = rpcOf({ elicitation: {}, method, params: {} });
  expect(rpc.input).toBeUndefined();
  expect(JSON.parse(mcp.error(held(), told({ rpc })).body)).toHaveProperty('error');
});

test.each(['policy.denied', 'approval.denied'] as const)(
  'what is refused for good (%s) is never a question',
  (code) => {
    const result = resultOf(rpcOf({ elicitation: {} }), new GatewayError(code, 'no'));
    expect(result).toEqual({
      resultType: 'complete',
      content: [{ type: 'text', text: 'no; the tool was not executed' }],
      isError: true,
    });
  },
);
