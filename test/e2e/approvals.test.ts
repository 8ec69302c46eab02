// Calls that policies hold: what their agents and the people who decide see, on real gateways over one Redis.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createHmac } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { token } from '../support/waygate.ts';

const POLICY = {
  policy: 'clients',
  rules: [
    { id: 'all', allow: ['model.generate', 'model.list', 'tool.call', 'tool.list'] },
    { id: 'no-own', deny: 'tool.call', on: 'tool/waygate/status', when: 'agent == "blind"' },
    {
      id: 'write',
      hold: 'tool.call',
      on: 'tool/notes/send_mail',
      because: 'notes are read by customers',
      approval: { wait: '0s', redact: ['args.text'] },
    },
    // oxlint-disable-next-line unicorn/no-thenable -- the language's own word
    { id: 'reads', allow: 'tool.call', on: 'tool/notes/read_note', then: { alert: true } },
    { id: 'delete', hold: 'tool.call', on: 'tool/notes/delete_note', approval: { wait: '20s' } },
  ],
};

interface Approval {
  readonly id: string;
  readonly state: string;
  readonly arguments: string;
  readonly because: string;
}

const notices: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
let receiver: Server;
let gateway: DemoGateway;
let other: DemoGateway;
let bearer: string;
let run: string;

const start = (): Promise<DemoGateway> =>
  startDemoGateway({
    policies: { 'clients.yaml': POLICY },
    config: {
      store: { kind: 'redis', url: inject('redisUrl') },
      admin: { operators: OPERATORS },
      outbound: { allowLoopback: true },
      notices: {
        webhook: {
          url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
          secret: 'env:HOOK_SECRET',
        },
      },
    },
    tools: { ownTools: ['status', 'request'] },
    env: { HOOK_SECRET: 'hook-secret' },
  });

beforeAll(async () => {
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      notices.push({ headers: request.headers, body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  [gateway, other] = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all([gateway.stop(), other.stop()]);
  receiver.close();
});
beforeEach(async () => {
  bearer = await token({ sub: crypto.randomUUID() });
  run = `task-${crypto.randomUUID().slice(0, 8)}`;
});

async function connect(at = gateway): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  const headers = { authorization: `Bearer ${bearer}`, 'waygate-run': run };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${at.waygate.url}/mcp/notes`), { requestInit: { headers } }),
  );
  return client;
}

const note = (client: Client, words: string) =>
  client.callTool({ name: 'send_mail', arguments: { to: 'ana@example.com', subject: 'note', text: words } });
const said = (result: { readonly content?: unknown }): string => JSON.stringify(result.content);

async function pending(): Promise<readonly Approval[]> {
  const { body } = await operate(gateway.waygate, 'approvals?tenant=acme&state=pending');
  return (body as { readonly approvals: readonly (Approval & { readonly subject: string })[] }).approvals;
}

const idIn = (words: string): string => /appr_[\w-]+/.exec(words)?.[0] ?? '';
const decide = (id: string, verdict: 'approve' | 'deny') =>
  operate(gateway.waygate, `approvals/${id}/${verdict}`, { tenant: 'acme', reason: 'looked at it' });

describe('a held tool call', () => {
  test('is refused with the approval to wait for; once approved, the identical call runs exactly once, on any gateway', async () => {
    const client = await connect();
    const held = await note(client, 'hello');
    expect(held.isError).toBe(true);
    expect(said(held)).toContain('notes are read by customers');
    const id = idIn(said(held));
    expect(idIn(said(await note(client, 'hello'))), 'the same question').toBe(id);
    expect((await decide(id, 'approve')).status).toBe(200);
    const elsewhere = await connect(other);
    expect((await note(elsewhere, 'hello, changed')).isError, 'other arguments').toBe(true);
    const results = await Promise.all([note(elsewhere, 'hello'), note(client, 'hello'), note(client, 'hello')]);
    expect(results.filter(({ isError }) => isError !== true)).toHaveLength(1);
    expect((await note(client, 'hello')).isError, 'used').toBe(true);
  });

  test('shows approvers what matters of it, without what the policy redacts', async () => {
    const id = idIn(said(await note(await connect(), 'a secret')));
    const [mine] = (await pending()).filter((approval) => approval.id === id);
    expect(mine).toMatchObject({ state: 'pending', because: expect.stringContaining('notes are read by customers') });
    expect(mine?.arguments).not.toContain('a secret');
  });

  test('that is denied says so, and by whom', async () => {
    const client = await connect();
    const id = idIn(said(await note(client, 'x')));
    await decide(id, 'deny');
    const denied = await note(client, 'x');
    expect(denied.isError).toBe(true);
    expect(said(denied)).toMatch(/denied/);
    expect(said(denied)).toContain('looked at it');
  });

  test('waits as long as its policy says, and goes on when a person approves', async () => {
    const client = await connect();
    const waiting = client.callTool({ name: 'delete_note', arguments: { id: '1' } });
    await expect.poll(async () => (await pending()).some(({ arguments: args }) => args.includes('"id"'))).toBe(true);
    const mine = (await pending()).find(({ arguments: args }) => args.includes('"id"'));
    await decide(mine?.id ?? '', 'approve');
    expect(said(await waiting)).not.toContain('appr_');
  });

  test('of a killed run is refused, approved or not', async () => {
    const client = await connect();
    await client.callTool({ name: 'add', arguments: { a: 1, b: 1 } });
    const id = idIn(said(await note(client, 'dead')));
    await decide(id, 'approve');
    const { body } = await operate(gateway.waygate, 'runs?tenant=acme');
    const mine = (body as { readonly runs: readonly { readonly id: string; readonly name: string }[] }).runs.find(
      ({ name }) => name === run,
    );
    await operate(gateway.waygate, `runs/${mine?.id}/kill`, { tenant: 'acme', reason: 'over' });
    expect(said(await note(client, 'dead'))).toContain('killed');
  });

  test('is told to people by a signed notice that Slack takes', async () => {
    const id = idIn(said(await note(await connect(), 'notice me')));
    await expect.poll(() => notices.some(({ body }) => body.includes(id))).toBe(true);
    const notice = notices.find(({ body }) => body.includes(id));
    const [, at, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(notice?.headers['waygate-signature'])) ?? [];
    expect(createHmac('sha256', 'hook-secret').update(`${at}.${notice?.body}`).digest('hex')).toBe(signature);
    expect(JSON.parse(notice?.body ?? '')).toMatchObject({ text: expect.stringContaining('send_mail') });
  });
});

describe('an alert', () => {
  test('is told to the same people, once the call was made', async () => {
    const client = await connect();
    await client.callTool({ name: 'read_note', arguments: { id: 'welcome' } });
    await expect.poll(() => notices.some(({ body }) => body.includes('clients/reads'))).toBe(true);
    const notice = notices.find(({ body }) => body.includes('clients/reads'));
    expect(JSON.parse(notice?.body ?? '')).toMatchObject({
      event: 'alert',
      text: expect.stringContaining('tool.call tool/notes/read_note'),
      alert: { rule: 'clients/reads', tenant: 'acme' },
    });
  });
});

describe('tools of the gateway’s own', () => {
  test('are listed with those of the server, for whom policies allow them', async () => {
    expect((await (await connect()).listTools()).tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['send_mail', 'waygate__status', 'waygate__request']),
    );
    bearer = await token({ agent: 'blind' });
    const names = (await (await connect()).listTools()).tools.map(({ name }) => name);
    expect(names).toContain('waygate__request');
    expect(names).not.toContain('waygate__status');
  });

  test('an agent asks ahead, with its reason; approved, the call goes through at once', async () => {
    const client = await connect();
    const args = {
      resource: 'tool/notes/send_mail',
      arguments: { to: 'ana@example.com', subject: 'note', text: 'ahead' },
      reason: 'the customer asked for it',
    };
    const asked = await client.callTool({ name: 'waygate__request', arguments: args });
    const id = idIn(said(asked));
    const status = await client.callTool({ name: 'waygate__status', arguments: {} });
    expect(said(status) + JSON.stringify(status.structuredContent)).toContain(id);
    await decide(id, 'approve');
    expect((await note(client, 'ahead')).isError).not.toBe(true);
  });
});
