// Tokens for sub-agents on two gateways over one Redis, as agents, their SDKs and operators meet them.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';
import { startDemoTools } from '../../src/demo/tools.ts';
import { RUN_CLAIM } from '../../src/identity/delegated.ts';
import { ACCESS_TOKEN, EXCHANGE_GRANT, RUN_KEY } from '../../src/identity/exchange-request.ts';
import { CHAT, chatUpstream, chunk, COMPLETION, postChat } from '../support/chat.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const ISSUER = 'https://gw.example';
const POLICY = {
  policy: 'tree',
  rules: [
    { id: 'models', allow: ['model.generate', 'model.list', 'model.count'] },
    { id: 'tools', allow: ['tool.call', 'tool.list'] },
    { id: 'spawn', allow: 'run.spawn', on: 'agent/waygate/*' },
    { id: 'no-root', deny: 'run.spawn', on: 'agent/waygate/admin', because: 'nobody becomes an admin' },
    { id: 'asked', hold: 'run.spawn', on: 'agent/waygate/deployer' },
    { id: 'intern', deny: 'tool.call', on: 'tool/notes/send_mail', when: 'principal.agent == "intern"' },
  ],
  limits: [{ id: 'few', max: { children: 3 }, per: 'run.parent' }],
};

let upstream: ScriptedUpstream;
let model: DemoServer;
let tools: DemoServer;
let gateways: Waygate[] = [];
let bearer: string;

const start = (wrapKey: string): Promise<Waygate> =>
  startWaygate({
    config: {
      upstreams: {
        up: chatUpstream(upstream.url),
        claude: { protocol: 'anthropic', url: model.url, prices: { '*': { input: 1, output: 4 } } },
        notes: { protocol: 'mcp', url: tools.url },
      },
      store: { kind: 'redis', url: inject('redisUrl') },
      admin: { operators: OPERATORS },
      limits: { waitMs: 0 },
      delegation: { issuer: ISSUER, wrapKey: 'env:WRAP_KEY' },
    },
    policies: { 'tree.yaml': POLICY },
    env: { UPSTREAM_KEY: 'k', WRAP_KEY: wrapKey },
  });

beforeAll(async () => {
  upstream = await scriptedUpstream();
  model = await startDemoModel();
  tools = await startDemoTools();
  const wrapKey = randomBytes(32).toString('base64');
  gateways = [await start(wrapKey), await start(wrapKey)];
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await Promise.all([upstream.close(), model.close(), tools.close()]);
});
beforeEach(async () => {
  upstream.answer = (_, response) => json(response, COMPLETION);
  bearer = await token({ sub: crypto.randomUUID() });
});

const at = (index: number): Waygate => gateways[index] as Waygate;

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(gateway: number, path: string, fields: Record<string, string>): Promise<Reply> {
  const response = await fetch(`${at(gateway).url}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

function exchange(gateway: number, subject: string, fields: Record<string, string> = {}): Promise<Reply> {
  const asked = { grant_type: EXCHANGE_GRANT, subject_token: subject, subject_token_type: ACCESS_TOKEN };
  return post(gateway, '/oauth/token', { ...asked, ...fields });
}

interface Made {
  readonly token: string;
  readonly run: string;
}

async function child(gateway: number, subject: string, fields: Record<string, string> = {}): Promise<Made> {
  const { status, body } = await exchange(gateway, subject, fields);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return { token: body['access_token'] as string, run: body['run_id'] as string };
}

const call = (gateway: number, credential: string, body: unknown = CHAT): Promise<Response> =>
  postChat(at(gateway).url, credential, body);

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

async function mcp(credential: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const init = { requestInit: { headers: { authorization: `Bearer ${credential}` } } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${at(0).url}/mcp/notes`), init));
  return client;
}

function details(...rights: readonly { actions: string[]; resources: string[] }[]): Record<string, string> {
  return { authorization_details: JSON.stringify(rights.map((right) => ({ type: 'waygate_call', ...right }))) };
}

function audited(gateway: number): readonly Record<string, unknown>[] {
  const dir = join(at(gateway).dir, '.waygate', 'audit');
  const lines = readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n').filter(Boolean));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the gateway as an authorization server', () => {
  test('says where it is, and both publish the same keys, of which none is private', async () => {
    const metadata = await fetch(`${at(0).url}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token` });
    const [first, second] = await Promise.all(
      [0, 1].map(async (index) => (await fetch(`${at(index).url}/.well-known/jwks.json`)).json()),
    );
    expect(second).toEqual(first);
    expect(first).toMatchObject({ keys: [{ kty: 'EC' }, { kty: 'EC' }] });
    expect(JSON.stringify(first)).not.toContain('"d"');
  });

  test('reads its forms by the rules of the front door', async () => {
    const large = await fetch(`${at(0).url}/oauth/token`, { method: 'POST', body: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
    expect((await fetch(`${at(0).url}/oauth/token`)).status).toBe(405);
    expect(await exchange(0, 'nonsense')).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('takes no delegation from anybody else', async () => {
    const forged = {
      run: 'run_x',
      path: ['run_x'],
      name: 'x',
      depth: 0,
      max_depth: 8,
      budget: { run: 'run_x', amount: 9 },
    };
    const foreign = await token({ [RUN_CLAIM]: forged, txn: 'run_x', jti: 'x', authorization_details: [] });
    const response = await call(0, foreign);
    expect(response.status).toBe(200);
    expect(response.headers.get('waygate-run')).not.toBe('run_x');
    const made = await exchange(0, foreign);
    expect(made.body).toMatchObject({ depth: 0 });
    expect(made.body['root_run_id']).not.toBe('run_x');
  });
});

describe('a tree of tokens', () => {
  test('is one tree, whichever gateway made a token or took a call', async () => {
    const root = await child(0, bearer, { agent_name: 'orchestrator', run_name: 'nightly' });
    const reader = await child(1, root.token, { agent_name: 'reader' });
    const helper = await child(0, reader.token, { agent_name: 'helper' });
    for (const [gateway, made] of [
      [1, root],
      [0, reader],
      [1, helper],
      [0, helper],
    ] as const) {
      const response = await call(gateway, made.token);
      expect([response.status, response.headers.get('waygate-run')]).toEqual([200, made.run]);
    }
    await expect
      .poll(async () => (await operate(at(1), `runs/${root.run}/tree?tenant=acme`)).body)
      .toMatchObject({
        runs: [
          {
            id: root.run,
            depth: 0,
            name: 'nightly',
            agent: 'orchestrator',
            source: 'token',
            own: { steps: 2, money: 30 },
            all: { steps: 7, money: 120 },
          },
          {
            id: reader.run,
            parent: root.run,
            depth: 1,
            agent: 'reader',
            own: { steps: 2 },
            all: { steps: 5, money: 90 },
          },
          { id: helper.run, parent: reader.run, depth: 2, agent: 'helper', own: { steps: 3, money: 60 } },
        ],
      });
  });

  test('begins with a permit in the audit, and ends with its outcome', async () => {
    const root = await child(0, bearer, { agent_name: 'orchestrator' });
    const reader = await child(0, root.token, { agent_name: 'reader' });
    const permit = (): Record<string, unknown> | undefined =>
      audited(0).find(({ kind, run }) => kind === 'permit' && (run as { id: string }).id === reader.run);
    expect(permit()).toMatchObject({
      action: 'run.spawn',
      resource: 'agent/waygate/reader',
      route: 'oauth',
      principal: { agent: 'orchestrator' },
      decision: { rules: ['tree/spawn'] },
    });
    const id = permit()?.['call'];
    await expect
      .poll(() => audited(0).find((one) => one['kind'] === 'outcome' && one['call'] === id))
      .toMatchObject({ status: 200, ending: 'complete' });
    expect(JSON.stringify(audited(0))).not.toContain(root.token.slice(0, 30));
  });

  test('grows as policies allow it, and no further', async () => {
    const root = await child(0, bearer, { agent_name: 'orchestrator' });
    expect(await exchange(0, root.token, { agent_name: 'admin' })).toMatchObject({
      status: 403,
      body: {
        error: 'access_denied',
        rule: 'tree/no-root',
        error_description: expect.stringContaining('nobody becomes an admin') as string,
      },
    });
    // For `orchestrator` and for `ci`, who started it, by the same rule.
    expect(await exchange(0, root.token, { agent_name: 'deployer' })).toMatchObject({
      status: 403,
      body: {
        error: 'access_denied',
        rule: 'tree/asked',
        error_description: expect.stringContaining('does not wait') as string,
      },
    });
    const asked = await Promise.all([0, 1, 0, 1, 0].map((gateway) => exchange(gateway, root.token)));
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(asked.find(({ status }) => status !== 200)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', rule: 'tree/few' },
    });
    await expect
      .poll(() => audited(0).filter((one) => one['kind'] === 'refusal' && one['route'] === 'oauth').length)
      .toBeGreaterThan(1);
  });
});

describe('rights', () => {
  test('hold on real calls and lists, narrower than the parent’s', async () => {
    const root = await child(0, bearer, { agent_name: 'orchestrator' });
    const narrow = details(
      { actions: ['tool.call'], resources: ['tool/notes/read_*', 'tool/notes/add'] },
      { actions: ['model.generate'], resources: ['model/up/small'] },
    );
    const reader = await child(1, root.token, { agent_name: 'reader', ...narrow });
    const [wide, slim] = [await mcp(root.token), await mcp(reader.token)];
    const namesOf = async (client: Client): Promise<string[]> =>
      (await client.listTools()).tools.map(({ name }) => name).sort();
    expect(await namesOf(wide)).toContain('echo');
    expect(await namesOf(slim)).toEqual(['add', 'read_note']);
    expect(JSON.stringify((await slim.callTool({ name: 'add', arguments: { a: 2, b: 3 } })).content)).toContain('5');
    const denied = await slim.callTool({ name: 'echo', arguments: { message: 'x' } });
    expect([denied.isError, JSON.stringify(denied.content)]).toEqual([true, expect.stringContaining('token-rights')]);
    expect((await wide.callTool({ name: 'echo', arguments: { message: 'x' } })).isError).not.toBe(true);
    await Promise.all([wide.close(), slim.close()]);
    expect((await call(0, reader.token)).status).toBe(200);
    expect([
      (await call(0, reader.token, { ...CHAT, model: 'large' })).status,
      (await call(0, root.token, { ...CHAT, model: 'large' })).status,
    ]).toEqual([403, 200]);
    const wider = details({ actions: ['tool.call'], resources: ['tool/notes/*'] });
    expect(await exchange(0, reader.token, wider)).toMatchObject({
      body: { error: expect.stringMatching(/invalid_authorization_details|access_denied/) as string },
    });
  });

  test('are not won by another name: what an agent above may not do, the child may not', async () => {
    const intern = await child(0, bearer, { agent_name: 'intern' });
    const free = await child(0, intern.token, { agent_name: 'free' });
    const other = await child(0, bearer, { agent_name: 'free' });
    const mail = { name: 'send_mail', arguments: { to: 'ana@example.com', subject: 'a', text: 'b' } };
    const [below, apart] = [await mcp(free.token), await mcp(other.token)];
    const denied = await below.callTool(mail);
    expect([denied.isError, JSON.stringify(denied.content)]).toEqual([true, expect.stringContaining('agent `intern`')]);
    expect((await apart.callTool(mail)).isError).not.toBe(true);
    expect((await below.listTools()).tools.map(({ name }) => name)).not.toContain('send_mail');
    await Promise.all([below.close(), apart.close()]);
  });
});

test('a run key is the static key of the SDKs, on every gateway', async () => {
  const made = await child(0, bearer, { agent_name: 'long', requested_token_type: RUN_KEY });
  expect(made.token).toMatch(/^wgr_/);
  const openai = new OpenAI({ baseURL: `${at(1).url}/v1`, apiKey: made.token });
  const answer = await openai.chat.completions.create({
    model: 'small',
    max_tokens: 20,
    messages: [{ role: 'user', content: 'hi' }],
  });
  expect(answer.choices[0]?.message.content).toBe('hi');
  const anthropic = new Anthropic({ baseURL: at(0).url, apiKey: made.token });
  const message = await anthropic.messages.create({
    model: 'demo-small',
    max_tokens: 20,
    messages: [{ role: 'user', content: 'hi' }],
  });
  expect(message.content[0]?.type).toBe('text');
  await expect
    .poll(async () => (await operate(at(1), `runs/${made.run}/tree?tenant=acme`)).body)
    .toMatchObject({ runs: [{ id: made.run, source: 'token', own: { steps: 3 } }] });
  expect(at(0).output() + at(1).output()).not.toContain(made.token);
});

test('a token that is bound to a key is of use with a proof of it alone, and each proof once for both gateways', async () => {
  const pair = await generateKeyPair('ES256');
  const jwk = await exportJWK(pair.publicKey);
  const made = await child(0, bearer, { dpop_jkt: await calculateJwkThumbprint(jwk) });
  const proof = await new SignJWT({
    jti: crypto.randomUUID(),
    htm: 'POST',
    htu: `${ISSUER}/v1/chat/completions`,
    ath: createHash('sha256').update(made.token).digest('base64url'),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .setIssuedAt()
    .sign(pair.privateKey);
  const headers = { authorization: `DPoP ${made.token}`, 'content-type': 'application/json', dpop: proof };
  const proven = (gateway: number): Promise<Response> => postChat(at(gateway).url, '', CHAT, { headers });
  expect((await call(0, made.token)).status).toBe(401);
  expect((await proven(0)).status).toBe(200);
  expect(upstream.received.at(-1)?.headers['dpop']).toBeUndefined();
  expect((await proven(1)).status).toBe(401);
});

describe('budgets', () => {
  /** What a call costs at the upstream: 10 × 1 + 100 × 4. */
  const COST = 410;

  beforeEach(() => {
    upstream.answer = (_, response) =>
      json(response, { ...COMPLETION, usage: { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 } });
  });

  async function spend(made: Made, calls: number): Promise<number> {
    const answers = await Promise.all(Array.from({ length: calls }, (_, index) => call(index % 2, made.token)));
    const refused = answers.filter(({ status }) => status !== 200);
    for (const one of refused) expect(['limit.budget', 'limit.held']).toContain(await codeOf(one));
    return (answers.length - refused.length) * COST;
  }

  test('three levels, each carved out of the one above, and no ancestor’s is ever passed', async () => {
    const root = await child(0, bearer, { agent_name: 'root', budget: '0.01 USD' });
    const middle = await child(1, root.token, { budget: '0.006 USD' });
    const leaf = await child(0, middle.token, { budget: '0.003 USD' });
    const sharing = await child(1, leaf.token);
    expect(await exchange(1, root.token, { budget: '0.0041 USD' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    const [ofLeaf, ofSharing, ofMiddle, ofRoot] = await Promise.all([
      spend(leaf, 10),
      spend(sharing, 10),
      spend(middle, 20),
      spend(root, 30),
    ]);
    expect(ofLeaf + ofSharing).toBeLessThanOrEqual(3_000);
    expect(ofLeaf + ofSharing + ofMiddle).toBeLessThanOrEqual(6_000);
    expect(ofLeaf + ofSharing + ofMiddle + ofRoot).toBeLessThanOrEqual(10_000);
    // Each has spent what was its own, but for what no further call fits in.
    for (const [spent, of] of [
      [ofLeaf + ofSharing, 3_000],
      [ofMiddle, 3_000],
      [ofRoot, 4_000],
    ] as const)
      expect(spent).toBeGreaterThan(of - 2 * COST);
  });

  test('what a child has not spent comes back when it ends, and what it has does not', async () => {
    const root = await child(0, bearer, { agent_name: 'root', budget: '0.01 USD' });
    const made = await child(1, root.token, { budget: '0.009 USD' });
    expect(await spend(made, 1)).toBe(COST);
    const fits = { budget: '0.009590 USD' };
    expect(await exchange(0, root.token, fits)).toMatchObject({ status: 400 });
    expect(await post(0, '/oauth/revoke', { token: made.token })).toMatchObject({ status: 200 });
    await expect.poll(async () => (await exchange(0, root.token, { budget: '0.009591 USD' })).status, POLL).toBe(400);
    await expect.poll(async () => (await exchange(0, root.token, fits)).status, POLL).toBe(200);
  });
});

const POLL = { timeout: 15_000, interval: 250 };

describe('the end of a run', () => {
  test('a token that is revoked takes all below with it, on both gateways within 5 s', async () => {
    upstream.answer = ({ body }, response) => {
      if (!body.toString().includes('"stream":true')) return json(response, COMPLETION);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('first'));
    };
    const root = await child(0, bearer, { agent_name: 'root' });
    const middle = await child(0, root.token);
    const leaf = await child(1, middle.token, { requested_token_type: RUN_KEY });
    for (const gateway of [0, 1])
      for (const made of [root, middle, leaf]) expect((await call(gateway, made.token)).status).toBe(200);
    const open = await call(1, leaf.token, { ...CHAT, stream: true });
    expect(await post(0, '/oauth/revoke', { token: middle.token })).toMatchObject({ status: 200 });
    const acknowledged = performance.now();
    expect([(await call(0, middle.token)).status, await codeOf(await call(0, leaf.token))]).toEqual([401, 'run.ended']);
    expect(await open.text()).toContain('run.ended');
    expect(await codeOf(await call(1, leaf.token))).toBe('run.ended');
    await expect.poll(async () => (await call(1, middle.token)).status, POLL).toBe(401);
    expect(performance.now() - acknowledged).toBeLessThan(5_000);
    expect(await exchange(1, leaf.token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await call(1, root.token)).status).toBe(200);
    expect(audited(0).find((one) => one['kind'] === 'operator' && one['run'] === middle.run)).toMatchObject({
      action: 'end',
      tenant: 'acme',
    });
  });

  test('a run that an operator kills is of no more use to its token', async () => {
    const root = await child(0, bearer, { agent_name: 'root' });
    const made = await child(1, root.token);
    expect((await call(1, made.token)).status).toBe(200);
    const killed = await operate(at(0), `runs/${made.run}/kill`, { tenant: 'acme', reason: 'it deletes things' });
    expect(killed.status).toBe(200);
    expect(await codeOf(await call(1, made.token))).toBe('run.killed');
    const acting = { actor_token: made.token, actor_token_type: ACCESS_TOKEN };
    expect(await exchange(1, root.token, acting)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await exchange(1, made.token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: expect.stringContaining('it deletes things') as string },
    });
    expect((await call(1, root.token)).status).toBe(200);
  });
});
