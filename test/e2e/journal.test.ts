// Journaled calls and their rollback: real gateways over Redis, real MCP servers of both eras, the SDK's client, the command line.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { ShownRun } from '../../src/admin/runs-api.ts';
import { run as waygate } from '../cli/run.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { type Era, startTickets, type TicketServer } from '../support/tickets.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const journaled = (era: string): string => `
  - id: create-${era}
    allow: tool.call
    on: tool/${era}/create
    then: { journal: true, undo: { tool: ${era}/remove, args: { id: result.id, title: args.title } } }`;
const WORK = `
policy: work
rules:
  - id: lists
    allow: tool.list
${['sessions', 'stateless', 'flaky'].map(journaled).join('\n')}
  - id: pay
    allow: http.request
    on: http/bank/**
    then: { journal: true }
  - id: take-back
    allow: tool.call
    on: tool/*/remove
    when: agent == "waygate-rollback"
  - id: stays
    deny: tool.call
    on: tool/*/remove
    when: has(args.title) && args.title == "keep"
    because: this one is kept
  - id: asks
    hold: tool.call
    on: tool/*/remove
    when: has(args.title) && args.title == "ask"
    approval: { wait: 0s }
limits:
  - id: purse
    budget: 0.01 USD
    per: run.root
    on: http.request
  - id: day
    budget: 1 USD
    every: day
    per: subject
`;

let servers: Readonly<Record<Era, TicketServer>>;
let api: ScriptedUpstream;
/** An MCP server that a test scripts. */
let flaky: ScriptedUpstream;
let gateway: Waygate;
let dir: string;
let bearer: string;
/** Name of the run. */
let task: string;
let answers: { readonly headers: Headers; readonly status: number }[];

const start = (): Promise<Waygate> =>
  startWaygate({
    dir,
    policies: { 'work.yaml': WORK },
    config: {
      upstreams: {
        ...Object.fromEntries(Object.entries(servers).map(([era, { url }]) => [era, { protocol: 'mcp', url }])),
        flaky: { protocol: 'mcp', url: flaky.url },
        bank: { protocol: 'http', url: api.url, price: '0.004 USD' },
      },
      store: { kind: 'redis', url: inject('redisUrl'), leaseMs: 5_000 },
      audit: { dir: 'audit' },
      admin: { operators: OPERATORS },
    },
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'waygate-journal-'));
  servers = { sessions: await startTickets('sessions'), stateless: await startTickets('stateless') };
  [api, flaky] = [await scriptedUpstream(), await scriptedUpstream()];
  gateway = await start();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([api, flaky, ...Object.values(servers)].map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  bearer = await token({ sub: crypto.randomUUID() });
  task = `task-${crypto.randomUUID()}`;
  answers = [];
});

const CALL = /"method":"tools\/call"/;

async function connect(era: Era): Promise<Client> {
  const mode = era === 'sessions' ? 'legacy' : 'auto';
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp/${era}`), {
      requestInit: { headers: { authorization: `Bearer ${bearer}`, 'waygate-run': task } },
      async fetch(input, init) {
        const response = await fetch(input, init);
        if (typeof init?.body === 'string' && CALL.test(init.body)) answers.push(response);
        return response;
      },
    }),
  );
  onTestFinished(() => client.close().catch(() => {}));
  return client;
}

const create = (client: Client, title: string, key?: string) =>
  client.callTool({
    name: 'create',
    arguments: { title },
    ...(key !== undefined && { _meta: { 'waygate/idempotencyKey': key } }),
  });
const runOf = (): string => answers[0]?.headers.get('waygate-run') ?? '';
const shown = async (id = runOf()): Promise<ShownRun> =>
  (await operate(gateway, `runs/${id}?tenant=acme`)).body as ShownRun;
const doneOf = (era: Era, title: string): number => servers[era].done.filter((one) => one === `create ${title}`).length;

async function rollback(...argv: readonly string[]) {
  const operator = await token({ aud: 'waygate-admin', sub: 'olga', roles: 'operator' });
  const at = ['--admin-url', gateway.adminUrl, '--token', operator, '--tenant', 'acme'];
  return waygate('runs', 'rollback', runOf(), ...argv, ...at);
}

interface Audited {
  readonly kind: string;
  readonly [field: string]: unknown;
}

function audited(): readonly Audited[] {
  const names = readdirSync(join(dir, 'audit'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jsonl'),
  );
  const lines = names.flatMap((name) => readFileSync(join(dir, 'audit', name), 'utf8').split('\n'));
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Audited);
}

describe.each(['sessions', 'stateless'] as const)('journaled calls to a server with era %s', (era) => {
  test('a repeat with the same key is told the same and is not executed', async () => {
    const client = await connect(era);
    const first = await create(client, task, 'k1');
    const again = await create(client, task, 'k1');
    expect(again).toEqual(first);
    expect(doneOf(era, task)).toBe(1);
    expect(answers.map(({ headers }) => headers.get('waygate-journal'))).toEqual([null, 'recorded']);
  });

  test('of 30 repeats at once one is executed, and all are told its result', async () => {
    const client = await connect(era);
    const results = await Promise.all(Array.from({ length: 30 }, () => create(client, task, 'many')));
    expect(new Set(results.map((result) => JSON.stringify(result.content))).size).toBe(1);
    expect(results[0]?.isError).not.toBe(true);
    expect(doneOf(era, task)).toBe(1);
  });

  test('another request under the key is refused and not executed', async () => {
    const client = await connect(era);
    await create(client, task, 'k1');
    const other = await create(client, `${task} too`, 'k1');
    expect(other).toMatchObject({ isError: true });
    expect(JSON.stringify(other.content)).toMatch(/journal\.mismatch|belongs to another request/);
    expect(doneOf(era, `${task} too`)).toBe(0);
  });

  test('a rollback shows its plan, takes back the newest first, and nothing twice', async () => {
    const client = await connect(era);
    for (const title of ['a', 'b', 'c']) await create(client, `${task} ${title}`);
    const { sessions } = servers[era];
    const before = servers[era].done.length;
    const plan = await rollback();
    expect(plan).toMatchObject({
      code: 0,
      err: '3 of 3 calls would be taken back, the newest first; `--yes` does it',
    });
    expect(plan.out.split('\n')[0]).toContain(`← ${era}/remove {`);
    expect(servers[era].done.length).toBe(before);

    expect(await rollback('--to', '1', '--yes', '--reason', 'wrong project')).toMatchObject({ code: 0 });
    const removed = () => servers[era].done.slice(before);
    expect(removed()).toHaveLength(2);
    const [newest, older] = removed().map((one) => Number(one.slice('remove '.length)));
    expect(newest).toBe((older ?? 0) + 1);

    expect(await rollback('--yes')).toMatchObject({ code: 0, err: '3 of 3 journaled calls are taken back' });
    expect(removed()).toHaveLength(3);
    expect((await rollback('--yes')).out.match(/taken back before/g)).toHaveLength(3);
    expect(removed()).toHaveLength(3);
    expect(servers[era].sessions, 'each ends the sessions that it opens').toBe(sessions);
  });
});

test('of a paid API a repeat is told the same under an id of its own, and charged once; another body is a conflict', async () => {
  api.answer = ({ body }, response) =>
    json(response, { paid: JSON.parse(body.toString()) as unknown, at: api.received.length }, 201);
  const pay = async (amount: number) => {
    const response = await fetch(`${gateway.url}/http/bank/payments`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        'waygate-run': task,
        'idempotency-key': 'pay-1',
      },
      body: JSON.stringify({ amount }),
    });
    answers.push(response);
    return { status: response.status, body: await response.json() };
  };
  const [first, again, other] = [await pay(5), await pay(5), await pay(6)];
  expect(again).toEqual(first);
  expect(first.status).toBe(201);
  expect(other).toMatchObject({ status: 409, body: { code: 'journal.mismatch' } });
  expect(api.received).toHaveLength(1);
  expect(answers.map(({ headers }) => headers.get('waygate-journal'))).toEqual([null, 'recorded', null]);
  expect(new Set(answers.map(({ headers }) => headers.get('waygate-call'))).size).toBe(3);
  await expect.poll(async () => (await shown()).all).toMatchObject({ money: 4_000 });
});

test('a rollback is in the audit: who asked and why, and each compensation with its permit', async () => {
  await create(await connect('stateless'), task);
  await rollback('--yes', '--reason', `because ${task}`);
  const entries = audited();
  const order = entries.findIndex(({ kind, reason }) => kind === 'operator' && reason === `because ${task}`);
  expect(entries[order]).toMatchObject({
    action: 'rollback',
    run: runOf(),
    tenant: 'acme',
    operator: { subject: 'olga' },
  });
  const permits = entries.slice(order).filter(({ kind }) => kind === 'permit');
  expect(JSON.stringify(permits.at(-1))).toContain('tool/stateless/remove');
  expect(JSON.stringify(permits.at(-1))).toContain('waygate-rollback');
});

test('a compensation that a policy denies is told as such, and the older calls stay unless told to go on', async () => {
  const client = await connect('sessions');
  await create(client, 'older');
  await create(client, 'keep');
  const before = servers.sessions.done.length;
  const first = await rollback('--yes');
  expect(first.code).toBe(1);
  expect(first.out).toMatch(/2 {2}tool\/sessions\/create {2}stays: .*this one is kept/);
  expect(first.out).toMatch(/1 {2}tool\/sessions\/create {2}stays: the newer step 2 could not be taken back/);
  expect(servers.sessions.done.length).toBe(before);
  const second = await rollback('--yes', '--keep-going');
  expect(second.out).toMatch(/1 {2}tool\/sessions\/create {2}taken back/);
  expect(servers.sessions.done.slice(before)).toHaveLength(1);
});

test('a compensation that a policy holds is made by the next rollback once somebody else has approved it', async () => {
  await create(await connect('stateless'), 'ask');
  const before = servers.stateless.done.length;
  const held = await rollback('--yes');
  const [id] = /appr_[\w-]+/.exec(held.out) ?? [];
  expect(held).toMatchObject({ code: 1, out: expect.stringContaining('work/asks') });
  const approver = await token({ aud: 'waygate-admin', sub: 'petra', roles: 'approver' });
  const approved = await fetch(`${gateway.adminUrl}/api/approvals/${id}/approve?tenant=acme`, {
    method: 'POST',
    headers: { authorization: `Bearer ${approver}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'acme', reason: 'go' }),
  });
  expect(await approved.json()).toMatchObject({ state: 'approved' });
  expect(servers.stateless.done.length).toBe(before);
  expect(await rollback('--yes')).toMatchObject({ code: 0 });
  expect(servers.stateless.done.slice(before)).toHaveLength(1);
});

test('a compensation whose end nobody knows is reported as unknown, and not made again', async () => {
  let calls = 0;
  flaky.answer = ({ body }, response) => {
    const { id, method } = JSON.parse(body.toString()) as { readonly id: number; readonly method: string };
    const name = /"name":"(\w+)"/.exec(body.toString())?.[1];
    if (method !== 'tools/call') return json(response, { jsonrpc: '2.0', id, error: { code: -32_601, message: 'no' } });
    if (name === 'create') return json(response, { jsonrpc: '2.0', id, result: { structuredContent: { id: 1 } } });
    calls += 1;
    response.destroy();
  };
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'create', arguments: { title: 'x' } },
  };
  const created = await fetch(`${gateway.url}/mcp/flaky`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'waygate-run': task },
    body: JSON.stringify(message),
  });
  expect(created.status).toBe(200);
  await created.text();
  answers.push(created);
  const first = await rollback('--yes');
  expect(first.code).toBe(1);
  expect(first.out).toMatch(/1 {2}tool\/flaky\/create {2}unknown: nobody knows whether `flaky\/remove` took it back/);
  expect((await rollback('--yes')).out).toContain('stays: its compensation was begun and its end never recorded');
  expect(calls).toBe(1);
});

test('a run tells of its steps, the refused ones with why', async () => {
  const client = await connect('stateless');
  await create(client, task);
  await client.callTool({ name: 'remove', arguments: { id: 1, title: 'x' } });
  await expect
    .poll(async () => (await shown()).steps)
    .toMatchObject([
      { kind: 'tool', resource: 'tool/stateless/create', ok: true },
      { kind: 'tool', resource: 'tool/stateless/remove', ok: false, code: 'policy.denied' },
    ]);
});

test('a call that was under way when its gateway was killed is reported as unknown, and never run again', async () => {
  const slow = create(await connect('stateless'), `slow ${task}`, 'k1').catch(() => 'cut off');
  await expect.poll(() => doneOf('stateless', `slow ${task}`)).toBe(1);
  gateway.signal('SIGKILL');
  await gateway.exited();
  expect(await slow).toBe('cut off');
  gateway = await start();
  const repeat = await create(await connect('stateless'), `slow ${task}`, 'k1');
  expect(repeat.isError).toBe(true);
  expect(JSON.stringify(repeat.content)).toContain('its result never recorded');
  servers.stateless.release();
  expect(doneOf('stateless', `slow ${task}`)).toBe(1);
  const plan = await rollback();
  expect(plan.out).toContain('stays: nobody knows whether it was carried out; look at its upstream');
});
