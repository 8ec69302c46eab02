// The real MCP client against a gate of approvals: what it makes of a call that waits for people.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toGatewayError } from '../../src/core/errors.ts';
import { mcp } from '../../src/protocols/mcp.ts';
import { ownAnswer } from '../../src/protocols/mcp-own-answers.ts';
import { withOwnTools } from '../../src/protocols/mcp-own-tools.ts';
import { approvalsGate } from '../../src/runs/approval-gate.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import type { ApprovalStore } from '../../src/runs/approval-store.ts';
import { testClock } from '../limits/ledger.ts';
import { access, approver, call, terms, testTimers } from '../runs/approvals.ts';
import { told } from './errors.ts';
import { request } from './request.ts';

const HELD = { terms: terms({ waitMs: 0 }), reason: 'held by rule `research/no-egress`' };

let store: ApprovalStore;
let asked: string[];
let sent: number;
let client: Client;

beforeEach(() => {
  store = memoryApprovals({ clock: testClock() });
  asked = [];
  sent = 0;
});
afterEach(() => client.close());

/** Answers as the gateway does, with one tool that every call of is held. */
function server(): typeof fetch {
  const gate = approvalsGate({ store, timers: testTimers(), notify: () => {} });
  return async (_, init) => {
    if (init?.method !== 'POST') return new Response(null, { status: 405 });
    const body = Buffer.from(typeof init.body === 'string' ? init.body : '');
    const head = request('POST', Object.fromEntries(new Headers(init.headers)));
    const { rpc, args } = mcp.read(head, '', body);
    if (rpc?.id === undefined) return new Response(null, { status: 202 });
    const json = (text: string): Response => new Response(text, { headers: { 'content-type': 'application/json' } });
    const result = (value: object): Response =>
      json(`{"jsonrpc":"2.0","id":${rpc.id},"result":${JSON.stringify(value)}}`);
    const about = { capabilities: { tools: {} }, serverInfo: { name: 'mail', version: '1' } };
    switch (rpc.method) {
      case 'server/discover':
        return result({
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          ttlMs: 0,
          cacheScope: 'private',
          ...about,
        });
      case 'initialize':
        return result({ protocolVersion: '2025-11-25', ...about });
      case 'tools/list': {
        const list = `{"jsonrpc":"2.0","id":${rpc.id},"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{"name":"send","inputSchema":{"type":"object"}}]}}`;
        return json(withOwnTools(Buffer.from(list), 'application/json', ['status', 'request']).toString());
      }
      default:
        try {
          await gate.hold(call({ body, rpc, access: access({ args }) }), HELD, { onAbort: () => {} });
          sent += 1;
          return json(ownAnswer(rpc, { text: 'sent', values: { sent } }).body);
        } catch (thrown) {
          const wire = mcp.error(toGatewayError(thrown), told({ rpc }));
          return new Response(wire.body, { status: wire.status, headers: wire.headers });
        }
    }
  };
}

async function connect(era: 'legacy' | 'auto', onAsked?: () => Promise<'accept' | 'decline'>): Promise<void> {
  const capabilities = onAsked ? { elicitation: { form: {} } } : {};
  client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode: era } });
  if (onAsked) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params.message);
      const action = await onAsked();
      return action === 'accept' ? { action, content: {} } : { action };
    });
  }
  await client.connect(new StreamableHTTPClientTransport(new URL('http://gateway.test/mcp/mail'), { fetch: server() }));
}

const send = () => client.callTool({ name: 'send', arguments: { to: 'bob' } });

async function approveAll(): Promise<void> {
  for (const { id } of await store.list('acme', { state: 'pending', count: 10 }))
    await store.decide('acme', id, approver());
}

test('a client that can be asked is asked, repeats the call by itself, and the call runs once', async () => {
  await connect('auto', async () => {
    // Its user accepts at once, when nobody has approved yet.
    if (asked.length === 2) await approveAll();
    return 'accept';
  });
  const result = await send();
  expect(result).toMatchObject({ content: [{ type: 'text', text: 'sent' }], structuredContent: { sent: 1 } });
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatch(/approval `appr_.*` waits for one person with the role `approver`/);
  expect(sent).toBe(1);
});

test('to accept approves nothing', async () => {
  await connect('auto', async () => (asked.length < 4 ? 'accept' : 'decline'));
  const result = await send();
  expect(result.isError).toBe(true);
  expect(asked).toHaveLength(4);
  expect(sent).toBe(0);
});

test.each(['legacy', 'auto'] as const)(
  'a client that cannot be asked reads what to do, and its repeat runs (%s)',
  async (era) => {
    await connect(era);
    const refused = await send();
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('repeat the same call after approval');
    await approveAll();
    expect((await send()).isError ?? false).toBe(false);
    expect(sent).toBe(1);
  },
);

test.each(['legacy', 'auto'] as const)('it takes our tools for tools (%s)', async (era) => {
  await connect(era);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['send', 'waygate__status', 'waygate__request']);
  expect(tools[1]?.annotations).toMatchObject({ readOnlyHint: true });
});
