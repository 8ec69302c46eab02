// Presets with the address of a scripted server: what a provider would be sent.
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { chunk, completion, postChat } from '../support/chat.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const KEY = 'provider-key-0123456789';

let provider: ScriptedUpstream;
let waygate: Waygate;
let bearer: string;

beforeAll(async () => {
  provider = await scriptedUpstream();
  const { url } = provider;
  const prices = { '*': { input: 1, output: 4 } };
  waygate = await startWaygate({
    config: {
      upstreams: {
        azure: { preset: 'azure-openai', url: `${url}/openai/v1`, credential: 'env:KEY', prices, models: ['dep'] },
        mistral: { preset: 'mistral', url: `${url}/v1`, credential: 'env:KEY', prices, models: ['mistral-x'] },
        kimi: { preset: 'moonshot', protocol: 'anthropic', url, credential: 'env:KEY', prices },
        local: { preset: 'ollama', url: `${url}/v1`, prices: { '*': 'free' }, models: ['llama'] },
      },
    },
    env: { KEY },
  });
  bearer = await token();
});
afterAll(async () => {
  await waygate.stop();
  await provider.close();
});
beforeEach(() => {
  provider.received.length = 0;
  provider.answer = completion;
});

const ask = (model: string): Promise<Response> =>
  postChat(waygate.url, bearer, { model, max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] });

test('each is shown the credential in its own header, and a local server none', async () => {
  expect((await ask('dep')).status).toBe(200);
  expect((await ask('mistral-x')).status).toBe(200);
  expect((await ask('llama')).status).toBe(200);
  await fetch(`${waygate.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kimi-k2', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] }),
  });
  const shown = provider.received.map(({ url, headers }) => [
    url,
    headers.authorization,
    headers['api-key'],
    headers['x-api-key'],
  ]);
  expect(shown).toEqual([
    ['/openai/v1/chat/completions', undefined, KEY, undefined],
    ['/v1/chat/completions', `Bearer ${KEY}`, undefined, undefined],
    ['/v1/chat/completions', undefined, undefined, undefined],
    ['/v1/messages', `Bearer ${KEY}`, undefined, undefined],
  ]);
});

test('a provider that refuses `stream_options` streams without, and its usage is read all the same', async () => {
  provider.answer = (_, response) => {
    const last =
      '{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${chunk('hi')}data: ${last}\n\ndata: [DONE]\n\n`);
  };
  const client = new OpenAI({ baseURL: `${waygate.url}/v1/v1`, apiKey: bearer, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: 'mistral-x',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'hello' }],
    stream: true,
  });
  let text = '';
  for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
  expect(text).toBe('hi');
  expect(JSON.parse(provider.received[0]?.body.toString() ?? '')).not.toHaveProperty('stream_options');
  await expect
    .poll(async () => (await fetch(`${waygate.adminUrl}/metrics`)).text())
    .toMatch(/output_tokens[^\n]*waygate_upstream="mistral"[^\n]* 2\b/);
});

test('what a CLI asks before its first call reaches nobody', async () => {
  for (const path of ['/', '/v1', '/api/hello', '/kimi/api/hello']) {
    const answer = await fetch(`${waygate.url}${path}`, { method: 'HEAD' });
    expect([path, answer.status]).toEqual([path, 200]);
  }
  expect(provider.received).toEqual([]);
});
