// Credentials with unique marks go through every path; then everything that leaves the process is searched for them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CHAT, chatUpstream, chunk, completion, postChat } from '../support/chat.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { IDENTITY, startWaygate, token, type Waygate } from '../support/waygate.ts';

const UPSTREAM_MARK = 'sk-up-CANARY-7f3a9c51e2d84b60';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const POLICY = {
  policy: 'canary',
  rules: [
    { id: 'all', allow: ['model.generate', 'model.list', 'tool.call', 'tool.list', 'http.request'] },
    { id: 'no', deny: 'model.generate', on: 'model/*/forbidden' },
  ],
  limits: [{ id: 'day', budget: '5 USD', every: 'day', per: 'agent' }],
};

let upstream: ScriptedUpstream;
let waygate: Waygate;
let collector: Server;
let redis: Redis;
let bearer: string;
let apiKey: string;
const exported: Buffer[] = [];
const answers: string[] = [];

async function keep(pending: Promise<Response>): Promise<void> {
  const answer = await pending.catch((error: unknown) => String(error));
  if (typeof answer === 'string') return void answers.push(answer);
  const body = await answer.text().catch((error: unknown) => String(error));
  answers.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${body}`);
}

beforeAll(async () => {
  upstream = await scriptedUpstream();
  collector = createServer((request, response) => {
    request.on('data', (data: Buffer) => void exported.push(data));
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  // A database of its own: others test at the same time.
  const redisUrl = `${inject('redisUrl')}/7`;
  redis = new Redis(redisUrl);
  await redis.flushdb();
  const config = {
    upstreams: {
      up: chatUpstream(upstream.url),
      google: {
        protocol: 'gemini',
        url: upstream.url,
        credential: 'env:UPSTREAM_KEY',
        prices: { '*': { input: 1, output: 4 } },
      },
      api: { protocol: 'http', url: upstream.url, credential: 'env:UPSTREAM_KEY', price: '0.01 USD' },
    },
    identity: { ...IDENTITY, keys: { file: 'keys.yaml' } },
    store: { kind: 'redis', url: redisUrl },
    telemetry: {
      otlp: { endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` },
      logLevel: 'debug',
    },
    audit: { dir: 'audit' },
  };
  waygate = await startWaygate({
    config: { ...config, identity: IDENTITY },
    policies: { 'canary.yaml': POLICY },
    env: { UPSTREAM_KEY: UPSTREAM_MARK },
  });
  const made = execFileSync(
    process.execPath,
    [MAIN, 'keys', 'create', '--file', 'keys.yaml', '--subject', 'bot', '--agent', 'ci'],
    { cwd: waygate.dir, encoding: 'utf8' },
  );
  apiKey = /wgk_\S+/.exec(made)?.[0] ?? '';
  // A key file that appears with a reload, so that the reload's own paths are searched too.
  waygate.write('waygate.yaml', {
    version: 1,
    listen: { port: Number(new URL(waygate.url).port) },
    admin: { port: Number(new URL(waygate.adminUrl).port) },
    policies: { dir: 'policies' },
    ...config,
  });
  waygate.signal('SIGHUP');
  bearer = await token({ agent: 'ci' });
  for (;;) {
    const tried = await postChat(waygate.url, apiKey);
    await tried.arrayBuffer();
    if (tried.status !== 401) break;
  }
});
afterAll(async () => {
  redis.disconnect();
  collector.closeAllConnections();
  collector.close();
  await upstream.close();
});

function generate(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${waygate.url}/v1beta/models/small:generateContent${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ contents: [{ parts: [{ text: 'hello' }] }] }),
  });
}

async function walkEveryPath(): Promise<void> {
  const { url } = waygate;
  upstream.answer = completion;
  await keep(postChat(url, bearer));
  await keep(postChat(url, apiKey));
  await keep(postChat(url, bearer, { ...CHAT, model: 'forbidden' }));
  await keep(postChat(url, `${bearer}x`));
  await keep(postChat(url, `${apiKey}x`));
  await keep(fetch(`${url}/v1/chat/completions?key=${apiKey}&access_token=${bearer}`));
  await keep(generate(`?key=${apiKey}`));
  await keep(generate(`?key=${apiKey}`, { 'x-goog-api-key': apiKey }));
  await keep(generate(`?${apiKey}`, { 'x-goog-api-key': bearer }));
  await keep(generate('', { 'x-goog-api-key': bearer }));
  await keep(fetch(`${url}/nowhere/${apiKey}`, { headers: { authorization: `Bearer ${bearer}` } }));
  await keep(postChat(url, bearer, 'not json'));
  const asking = { headers: { 'x-api-key': bearer, cookie: `token=${bearer}` } };
  await keep(fetch(`${url}/http/api/issues/7?q=1`, asking));
  await keep(fetch(`${url}/http/api/issues;7`, asking));
  upstream.answer = ({ headers }, response) => {
    response.writeHead(401, { 'content-type': 'application/json', 'x-echo': String(headers.authorization) });
    response.end(JSON.stringify({ error: { message: `bad key ${String(headers.authorization)}` } }));
  };
  await keep(postChat(url, bearer));
  await keep(fetch(`${url}/http/api/echo`, asking));
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const text = chunk(`your key is ${UPSTREAM_MARK}.`);
    const middle = text.indexOf(UPSTREAM_MARK) + 9;
    response.write(text.slice(0, middle), () => setImmediate(() => response.end(text.slice(middle))));
  };
  await keep(postChat(url, bearer, { ...CHAT, stream: true }));
  upstream.answer = (_, response) => response.destroy();
  await keep(postChat(url, bearer));
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk(UPSTREAM_MARK.slice(0, 20)), () => response.destroy());
  };
  await keep(postChat(url, bearer, { ...CHAT, stream: true }));
  await keep(fetch(`${waygate.adminUrl}/metrics`));
  await keep(fetch(`${waygate.adminUrl}/readyz`));
}

async function redisText(): Promise<string> {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map(async (key) => JSON.stringify(await readKey(key))));
  return [...keys, ...values].join('\n');
}

async function readKey(key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === 'hash') return redis.hgetall(key);
  if (type === 'zset') return redis.zrange(key, '0', '-1');
  return type === 'string' ? redis.get(key) : [type];
}

describe('a canary sweep', () => {
  test('no credential is found in any answer, log, span, metric, audit line or Redis value', async () => {
    await walkEveryPath();
    const store = await redisText();
    waygate.signal('SIGTERM');
    expect(await waygate.exited()).toBe(0);
    const audit = readdirSync(join(waygate.dir, 'audit'))
      .map((file) => readFileSync(join(waygate.dir, 'audit', file), 'utf8'))
      .join('\n');
    const places = {
      answers: answers.join('\n'),
      log: waygate.output(),
      spans: Buffer.concat(exported).toString('latin1'),
      audit,
      store,
    };

    // The sweep has teeth: there is something in every place, and the upstream did get the key.
    for (const [place, text] of Object.entries(places)) expect(text.length, place).toBeGreaterThan(100);
    expect(upstream.received.some(({ headers }) => headers.authorization === `Bearer ${UPSTREAM_MARK}`)).toBe(true);
    expect(upstream.received.some(({ headers }) => headers['x-goog-api-key'] === UPSTREAM_MARK)).toBe(true);
    expect(answers.filter((answer) => answer.startsWith('200')).length).toBeGreaterThanOrEqual(4);

    const [, payload = '', signature = ''] = bearer.split('.');
    const marks = {
      upstream: UPSTREAM_MARK,
      tail: UPSTREAM_MARK.slice(-12),
      apiKey,
      secret: /^wgk_[a-z0-9]+_(.+)$/.exec(apiKey)?.[1] ?? '',
      bearer,
      payload,
      signature,
    };
    for (const [name, mark] of Object.entries(marks)) {
      expect(mark.length, name).toBeGreaterThanOrEqual(12);
      for (const [place, text] of Object.entries(places))
        expect(text.includes(mark), `${name} in ${place}`).toBe(false);
    }
    const sent = upstream.received
      .map(({ rawHeaders, url, body }) => `${rawHeaders.join('\n')}\n${url}\n${body.toString()}`)
      .join('\n');
    for (const name of ['apiKey', 'secret', 'bearer', 'signature'] as const)
      expect(sent.includes(marks[name]), `${name} went upstream`).toBe(false);
  });
});
