// Compensations on the gateway's real way, to a server that answers as each test says.
import type { ServerResponse } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GatewayError } from '../../src/core/errors.ts';
import { compensator } from '../../src/open/rollback.ts';
import type { ToolOutcome } from '../../src/runs/journal-rollback.ts';
import type { Stages } from '../../src/stages.ts';
import { handSchedule } from '../limits/timers.ts';
import { testClock } from '../limits/ledger.ts';
import { breakAudit, type InProcess, startInProcess } from '../support/in-process.ts';
import { json, type Received, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';

const POLICY = {
  policy: 'back',
  applies: 'agent == "waygate-rollback" && subject == "olga" && issuer == "https://ops"',
  rules: [
    { id: 'lists', allow: 'tool.list' },
    { id: 'tools', allow: 'tool.call' },
    { id: 'never', deny: 'tool.call', on: 'tool/*/drop', because: 'nothing is dropped' },
  ],
  limits: [{ id: 'few', budget: '1 calls', every: 'day', per: 'agent', on: 'tool.call' }],
};
const VIEWER = { subject: 'olga', issuer: 'https://ops', roles: ['operator'], tenants: '*' } as const;
const REFUSED = { jsonrpc: '2.0', id: 1, error: { code: -32_601, message: 'no initialize here' } };

let server: ScriptedUpstream;
let gateway: InProcess;
/** What the server makes of the call of the tool. */
let answer: (response: ServerResponse, request: Received) => void;

interface Rpc {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
}
const rpcOf = ({ body }: Received): Rpc => (body.length === 0 ? {} : (JSON.parse(body.toString()) as Rpc));
const methods = (): readonly unknown[] => server.received.map((request) => rpcOf(request).method ?? request.method);
const result = (fields: object) => ({ jsonrpc: '2.0', id: 2, result: fields });

beforeEach(async () => {
  server = await scriptedUpstream();
  answer = (response) => json(response, result({ content: [] }));
  server.answer = (request, response) =>
    rpcOf(request).method === 'tools/call' ? answer(response, request) : json(response, REFUSED);
  gateway = await startInProcess(
    {
      upstreams: {
        tickets: { protocol: 'mcp', url: server.url },
        gone: { protocol: 'mcp', url: 'http://127.0.0.1:9' },
        model: { protocol: 'openai', url: server.url, credential: 'env:UPSTREAM_KEY' },
      },
    },
    POLICY,
  );
});
afterEach(async () => {
  await gateway.close();
  await server.close();
});

async function undo(tool = 'tickets/close'): Promise<ToolOutcome> {
  const { rollback } = gateway.waygate.operating;
  if (!rollback) throw new Error('not wired');
  const as = { viewer: VIEWER, tenant: 'acme', run: 'run_1', attempt: 'a1' };
  return rollback.callTool({ tool, args: { id: 7 }, key: 'waygate-undo-call_1' }, as);
}

describe('a compensation', () => {
  test('of a server without sessions is one call that stands alone, under the key that it was given', async () => {
    expect(await undo()).toEqual({ kind: 'done' });
    expect(methods()).toEqual(['initialize', 'tools/call']);
    const [, call] = server.received;
    expect(call?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'close',
      'idempotency-key': 'waygate-undo-call_1/a1',
    });
    expect(rpcOf(call as Received).params).toMatchObject({
      name: 'close',
      arguments: { id: 7 },
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
    });
  });

  test('of a server with sessions has one of its own, which it ends', async () => {
    server.answer = (request, response) => {
      const { method } = rpcOf(request);
      if (method === 'initialize') {
        response.setHeader('mcp-session-id', 's1');
        return json(response, { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18' } });
      }
      if (method === 'tools/call') return json(response, result({ content: [] }));
      return void response.writeHead(202).end();
    };
    expect(await undo()).toEqual({ kind: 'done' });
    expect(methods()).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'DELETE']);
    for (const { headers } of server.received.slice(1)) {
      expect(headers).toMatchObject({ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-06-18' });
    }
  });

  test('is done as soon as its result is in a stream, which may stay open', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: message\ndata: ${JSON.stringify(result({ content: [] }))}\n\n`);
    };
    expect(await undo()).toEqual({ kind: 'done' });
  });

  test('is in the audit as what its operator did, in a run of its own', async () => {
    await undo();
    const dir = join(gateway.dir, 'audit');
    const lines = readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').trim().split('\n'));
    const permits = lines.filter((line) => line.includes('"kind":"permit"'));
    expect(permits).toHaveLength(2);
    expect(permits[1]).toContain('"olga"');
    expect(permits[1]).toContain('"waygate-rollback"');
    expect(permits[1]).toContain('tool/tickets/close');
    const roots = await gateway.waygate.operating.store.roots('acme', { from: 0, count: 9 });
    expect(roots).toMatchObject([{ name: 'rollback:run_1', agent: 'waygate-rollback', subject: 'olga', steps: 1 }]);
  });
});

describe('what surely changed nothing has failed', () => {
  test.each<[string, string, RegExp]>([
    ['a policy forbids it', 'tickets/drop', /nothing is dropped/],
    ['its upstream is not reached', 'gone/close', /gone/],
    ['there is no such upstream', 'nowhere/close', /nowhere/],
    ['its upstream speaks no MCP', 'model/close', /model/],
  ])('where %s', async (_, tool, because) => {
    expect(await undo(tool)).toEqual({ kind: 'failed', because: expect.stringMatching(because) });
    expect(server.received.filter((request) => rpcOf(request).method === 'tools/call')).toEqual([]);
  });

  test('where its upstream goes away before it', async () => {
    server.answer = (_, response) => {
      response.setHeader('connection', 'close');
      json(response, REFUSED);
      void server.close();
    };
    expect(await undo()).toEqual({ kind: 'failed', because: expect.stringContaining('tickets') });
    expect(methods()).toEqual(['initialize']);
    server = await scriptedUpstream();
  });

  test('where a limit has no room for it', async () => {
    await undo();
    expect(await undo()).toEqual({ kind: 'failed', because: expect.stringContaining('back/few') });
    expect(methods().filter((method) => method === 'tools/call')).toHaveLength(1);
  });

  test('where it cannot be recorded', async () => {
    breakAudit(gateway.dir);
    await undo();
    expect(await undo()).toMatchObject({ kind: 'failed' });
  });

  test.each<[string, number, unknown, string]>([
    [
      'the tool says so',
      200,
      result({ isError: true, content: [{ type: 'text', text: 'no ticket 7' }] }),
      'no ticket 7',
    ],
    [
      'the tool is unknown',
      200,
      { jsonrpc: '2.0', id: 2, error: { code: -32_602, message: 'unknown tool' } },
      'unknown tool',
    ],
    ['the server does not let it in', 401, {}, 'its upstream did not take it on (status 401)'],
    [
      'the server asks for more',
      200,
      result({ resultType: 'input_required' }),
      'it asks its caller for more, and nobody is there to give it',
    ],
  ])('where %s', async (_, status, body, because) => {
    answer = (response) => json(response, body, status);
    expect(await undo()).toEqual({ kind: 'failed', because });
  });
});

describe('what nobody can tell is unknown', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['the server fails', (response) => json(response, {}, 500)],
    ['a proxy before it fails', (response) => json(response, {}, 502)],
    [
      'the server says that it fails',
      (response) => json(response, { jsonrpc: '2.0', id: 2, error: { code: -32_603, message: 'oh' } }),
    ],
    ['the tool failed with a status', (response) => json(response, result({ isError: true, content: [] }), 500)],
    ['the answer is none', (response) => json(response, { jsonrpc: '2.0' })],
    ['the connection breaks', (response) => void response.destroy()],
    ['the answer is too large', (response) => json(response, result({ content: ['x'.repeat(1_100_000)] }))],
    [
      'the stream breaks',
      (response) => {
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .write(': hold on\n\n', () => response.destroy());
      },
    ],
  ])('where %s', async (_, told) => {
    answer = told;
    expect(await undo()).toMatchObject({ kind: 'unknown', because: expect.stringMatching(/./) });
  });
});

interface Hung {
  readonly isTool: boolean;
}

describe('a compensation that does not end', () => {
  /** Stages whose calls of tools wait in `admit` or in `forward`, and hear of nothing. */
  function hanging(where: 'admit' | 'forward', recorded: string[], room: Promise<void>): Stages {
    const never = new Promise<never>(() => {});
    const place = {
      route: { name: 'tickets', protocol: 'mcp', upstreams: ['tickets'], bodyBytesMax: 1 },
      operation: '',
    };
    const call = { access: { principal: {} }, decision: {} };
    return {
      now: () => 0,
      begin: () => ({}),
      place: () => place,
      locate: () => ({}),
      resolve: (_: unknown, __: unknown, { body }: { readonly body: Buffer }) => ({
        ...call,
        isTool: body.includes('tools/call'),
      }),
      recall: () => undefined,
      clear: (asked: unknown) => asked,
      decide: (asked: unknown) => ({ call: asked, decision: {} }),
      approve: (judged: unknown) => judged,
      unsent: async () => {},
      oblige: (judged: { readonly call: unknown }) => judged.call,
      quote: () => ({}),
      async admit(asked: Hung) {
        if (where === 'admit' && asked.isTool) await room;
        return { call: asked, standings: [], settle() {}, release() {} };
      },
      enter: () => ({ leave() {} }),
      journal: () => undefined,
      record: async () => void recorded.push('permit'),
      forward: (asked: Hung) => (asked.isTool ? never : { status: 404, headers: {}, body: Buffer.alloc(0) }),
      meter: (_: unknown, told: unknown) => told,
      present: (_: unknown, told: unknown) => told,
      refuse: (error: GatewayError) => ({ status: error.status, headers: {}, body: Buffer.alloc(0) }),
      close() {},
    } as unknown as Stages;
  }

  test.each(['admit', 'forward'] as const)('is given up after two minutes, here in `%s`', async (where) => {
    const [clock, schedule] = [testClock(), handSchedule()];
    const recorded: string[] = [];
    const room = Promise.withResolvers<void>();
    const compensate = compensator({ stages: () => hanging(where, recorded, room.promise), now: () => 0, schedule });
    const as = { viewer: VIEWER, tenant: 'acme', run: 'run_1', attempt: 'a' };
    const ended = compensate({ tool: 'tickets/close', args: {}, key: 'k' }, as);
    await schedule.pass(119_000, clock);
    expect(schedule.pending).toBe(1);
    await schedule.pass(1_000, clock);
    const kind = where === 'admit' ? 'failed' : 'unknown';
    expect(await ended).toEqual({ kind, because: 'it had not ended after 120 s' });
    const permits = where === 'admit' ? ['permit'] : ['permit', 'permit'];
    expect(recorded).toEqual(permits);
    // There is room for it, after it was told to have failed.
    room.resolve();
    await new Promise(setImmediate);
    expect(recorded).toEqual(permits);
    expect(schedule.pending).toBe(0);
  });
});
