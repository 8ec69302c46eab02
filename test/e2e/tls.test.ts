import type { ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import OpenAI from 'openai';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PAIR_ONE, PAIR_TWO } from '../support/certificates.ts';
import { CHAT, chatUpstream, chunk, completion } from '../support/chat.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

let upstream: ScriptedUpstream;
let waygate: Waygate;
let agents: Agent[];

beforeEach(async () => {
  agents = [];
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  waygate = await startWaygate({
    config: { upstreams: { up: chatUpstream(upstream.url) }, drain: { seconds: 10 } },
    env: { UPSTREAM_KEY: 'k' },
    tls: PAIR_ONE,
  });
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.destroy()));
  await waygate.stop();
  await upstream.close();
});

function agent(ca: string, allowH2: boolean): Agent {
  const opened = new Agent({ connections: 1, allowH2, connect: { ca }, bodyTimeout: 0 });
  agents.push(opened);
  return opened;
}

async function sdk(ca: string, allowH2 = true): Promise<OpenAI> {
  const dispatcher = agent(ca, allowH2);
  const send = (input: unknown, init?: object): unknown => undiciFetch(input as string, { ...init, dispatcher });
  return new OpenAI({
    baseURL: `${waygate.url}/v1`,
    apiKey: await token(),
    maxRetries: 0,
    fetch: send as unknown as typeof fetch,
  });
}

const ask = (client: OpenAI, content = 'hello'): Promise<OpenAI.ChatCompletion> =>
  client.chat.completions.create({ model: 'small', max_tokens: 100, messages: [{ role: 'user', content }] });

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it did not come to that:\n${waygate.output()}`);
}

const admin = async (path: string): Promise<string> => (await fetch(`${waygate.adminUrl}${path}`)).text();

/** The name in the certificate that is shown to a new connection. */
function shown(): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(waygate.url, { rejectUnauthorized: false });
    session.on('error', reject);
    session.on('connect', (_, socket) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate();
      session.destroy();
      resolve(String(subject.CN));
    });
  });
}

describe('the openai SDK over TLS', () => {
  test.each([
    ['HTTP/2', true],
    ['HTTP/1.1', false],
  ])('is answered over %s, and sees a stream and a refusal as it should', async (_, allowH2) => {
    const client = await sdk(PAIR_ONE.cert, allowH2);
    expect((await ask(client)).choices[0]?.message.content).toBe('hi');
    upstream.answer = (__, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('one'));
      setTimeout(() => response.end(`${chunk(' two')}data: [DONE]\n\n`), 50);
    };
    const stream = await client.chat.completions.create({
      ...CHAT,
      stream: true,
    } as OpenAI.ChatCompletionCreateParamsStreaming);
    let text = '';
    for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
    expect(text).toBe('one two');
    const stranger = client.withOptions({ apiKey: 'nobody' });
    await expect(ask(stranger)).rejects.toMatchObject({ status: 401 });
  });

  test('three hundred calls at once share one connection, and each gets its own answer', async () => {
    let [open, most] = [0, 0];
    upstream.answer = ({ body }, response) => {
      open += 1;
      most = Math.max(most, open);
      response.on('close', () => (open -= 1));
      const { messages } = JSON.parse(body.toString()) as { messages: { content: string }[] };
      const content = messages[0]?.content;
      setTimeout(() => completionOf(content ?? '', response), 100);
    };
    const client = await sdk(PAIR_ONE.cert);
    await ask(client, 'first');
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => ask(client, `call ${index}`)));
    // One connection of HTTP/1.1 would carry one at a time.
    expect(most).toBeGreaterThan(20);
    expect(answers.map(({ choices }) => choices[0]?.message.content)).toEqual(
      answers.map((_, index) => `call ${index}`),
    );
  });
});

function completionOf(content: string, response: ServerResponse): void {
  const body = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'small',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

describe('a client that leaves', () => {
  test('stops its upstream', async () => {
    const gone = Promise.withResolvers<void>();
    upstream.answer = (_, response) => {
      response.on('close', () => gone.resolve());
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('one'));
    };
    const client = await sdk(PAIR_ONE.cert);
    const stream = await client.chat.completions.create({
      ...CHAT,
      stream: true,
    } as OpenAI.ChatCompletionCreateParamsStreaming);
    for await (const _ of stream) break;
    await gone.promise;
  });
});

describe('the certificate', () => {
  test('is taken anew when its files change, while calls run over the connections of the old one', async () => {
    const client = await sdk(PAIR_ONE.cert);
    await ask(client);
    const over = new AbortController();
    const calls = (async () => {
      let count = 0;
      for (; !over.signal.aborted; count += 1) await ask(client);
      return count;
    })();
    waygate.write('tls.crt', PAIR_TWO.cert);
    waygate.write('tls.key', PAIR_TWO.key);
    await until(async () => (await shown()) === 'waygate test two');
    over.abort();
    expect(await calls).toBeGreaterThan(0);
    expect((await ask(await sdk(PAIR_TWO.cert))).choices).toHaveLength(1);
    expect(await admin('/metrics')).toMatch(/^waygate_certificate_end\S*listener="listen"\S* 4905\d+/m);
    expect(JSON.parse(await admin('/readyz'))).toMatchObject({
      ready: true,
      checks: { certificate: 'ok', config: 'ok' },
    });
  });

  test('stays where the new pair does not fit, loudly, until it does', async () => {
    waygate.write('tls.crt', PAIR_TWO.cert);
    waygate.signal('SIGHUP');
    await until(async () => /last good/.test(await admin('/readyz')));
    expect(await shown()).toBe('waygate test one');
    expect(waygate.output()).toMatch(/not the key of the certificate/);
    expect(await admin('/metrics')).toMatch(/^waygate_config_current\S* 0/m);
    waygate.write('tls.key', PAIR_TWO.key);
    await until(async () => (await shown()) === 'waygate test two');
    await until(async () => /"config":"ok"/.test(await admin('/readyz')));
  });
});

describe('SIGTERM', () => {
  test('lets the streams of a connection finish, and the process ends with 0', async () => {
    let finish = (): void => {};
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('first'));
      finish = () => response.end(`${chunk(' last')}data: [DONE]\n\n`);
    };
    const session = connect(waygate.url, { ca: PAIR_ONE.cert });
    const goaway = new Promise<number>((resolve) => session.once('goaway', resolve));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/v1/chat/completions',
      authorization: `Bearer ${await token()}`,
      'content-type': 'application/json',
    });
    stream.end(JSON.stringify({ ...CHAT, stream: true }));
    let text = '';
    const begun = Promise.withResolvers<void>();
    stream.on('data', (data: Buffer) => {
      text += data.toString();
      begun.resolve();
    });
    const ended = new Promise<void>((resolve) => stream.once('end', () => resolve()));
    await begun.promise;
    waygate.signal('SIGTERM');
    expect(await goaway).toBe(0);
    await until(async () => (await fetch(`${waygate.adminUrl}/readyz`)).status === 503);
    finish();
    await ended;
    expect(text).toMatch(/first[^]*last[^]*\[DONE\]/);
    expect(await waygate.exited()).toBe(0);
  });
});
