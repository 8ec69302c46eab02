// Anthropic's message batches and files, with its own SDK, before an upstream that a test scripts.
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, type Received, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

let upstream: ScriptedUpstream;
let waygate: Waygate;
let client: Anthropic;

const POLICY = {
  policy: 'surface',
  rules: [
    { id: 'models', allow: ['model.generate', 'model.batch'] },
    { id: 'objects', allow: ['object.read', 'object.write'] },
    { id: 'no-big', deny: 'model.generate', on: 'model/*/big', because: 'too dear' },
    { id: 'no-shell', deny: 'model.generate', when: 'has(args.tools) && "shell" in args.tools' },
  ],
  limits: [{ id: 'day', budget: '1 USD', every: 'day', per: 'model', on: 'model.generate' }],
};

const batch = (state: object) => ({
  id: 'msgbatch_1',
  type: 'message_batch',
  processing_status: 'ended',
  results_url: 'https://api.anthropic.com/v1/messages/batches/msgbatch_1/results',
  ...state,
});
const RESULT = { custom_id: 'a', result: { type: 'canceled' } };

/** Answers as Anthropic does, with an address of its own for the results. */
function answer({ method, url }: Received, response: ServerResponse): void {
  if (url.endsWith('/results')) {
    response.writeHead(200, { 'content-type': 'application/x-jsonl' }).end(`${JSON.stringify(RESULT)}\n`);
  } else if (method === 'GET' && url === '/v1/messages/batches') {
    json(response, { data: [batch({}), batch({ id: 'msgbatch_2', results_url: null })], has_more: false });
  } else json(response, batch(method === 'POST' ? { processing_status: 'in_progress', results_url: null } : {}));
}

beforeAll(async () => {
  upstream = await scriptedUpstream();
  const prices = { '*': { input: 1, output: 10 } };
  waygate = await startWaygate({
    config: {
      upstreams: { claude: { protocol: 'anthropic', url: upstream.url, credential: 'env:UPSTREAM_KEY', prices } },
      aliases: { best: 'claude/small' },
    },
    policies: { 'surface.yaml': POLICY },
    env: { UPSTREAM_KEY: 'sk-upstream' },
  });
  client = new Anthropic({ baseURL: `${waygate.url}/claude`, apiKey: await token(), maxRetries: 0 });
});
afterAll(async () => {
  await waygate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.answer = answer;
});

type Params = Anthropic.Messages.BatchCreateParams.Request['params'];
const ask = (params: Partial<Params> = {}, custom_id = 'a') => ({
  custom_id,
  params: { model: 'small', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hi' }], ...params },
});

async function rejection(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

describe('a message batch', () => {
  test('goes up as it came, but for the alias of its model in every request', async () => {
    await client.messages.batches.create({ requests: [ask({ model: 'best' }), ask({ model: 'best' }, 'b')] });
    const sent = JSON.parse((upstream.received[0] as Received).body.toString()) as { requests: object[] };
    expect(sent.requests).toEqual([ask(), ask({}, 'b')]);
  });

  test('is refused where one of its requests would be', async () => {
    const shell = { tools: [{ name: 'shell', input_schema: { type: 'object' as const } }] };
    const refused = await rejection(client.messages.batches.create({ requests: [ask(), ask(shell, 'b')] }));
    expect(refused).toMatchObject({ status: 403 });
    expect(String(refused)).toMatch(/the batch is refused, since `model.generate`.*surface\/no-shell/);
    expect(upstream.received).toHaveLength(0);
  });

  test('of a model that a rule denies is refused', async () => {
    const refused = await rejection(client.messages.batches.create({ requests: [ask({ model: 'big' })] }));
    expect(String(refused)).toContain('surface/no-big`: too dear');
  });

  test('of several models is refused, and says what to do', async () => {
    const refused = await rejection(client.messages.batches.create({ requests: [ask(), ask({ model: 'big' }, 'b')] }));
    expect(refused).toMatchObject({ status: 400 });
    expect(String(refused)).toContain('send a batch for each model');
  });

  test('reserves the sum of its requests, and keeps it: limits on what its requests do count it', async () => {
    // 40 requests of at most 2,000 tokens of output are 0.80 USD; two such batches are past the limit of 1 USD.
    const requests = Array.from({ length: 40 }, (_, index) =>
      ask({ model: 'other', max_tokens: 2_000 }, String(index)),
    );
    await client.messages.batches.create({ requests });
    const refused = await rejection(client.messages.batches.create({ requests }));
    expect(String(refused)).toContain('surface/day');
    expect(upstream.received).toHaveLength(1);
  });

  test('has its results fetched through the gateway, with no token of the caller going elsewhere', async () => {
    const results: unknown[] = [];
    for await (const result of await client.messages.batches.results('msgbatch_1')) results.push(result);
    expect(results).toEqual([RESULT]);
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/messages/batches/msgbatch_1',
      'GET /v1/messages/batches/msgbatch_1/results',
    ]);
    expect(upstream.received.every(({ headers }) => headers['x-api-key'] === 'sk-upstream')).toBe(true);
  });

  test('is listed, cancelled and deleted', async () => {
    const list = await client.messages.batches.list();
    expect(list.data.map(({ results_url: url }) => url)).toEqual(['/v1/messages/batches/msgbatch_1/results', null]);
    await client.messages.batches.cancel('msgbatch_1');
    await client.messages.batches.delete('msgbatch_1');
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/messages/batches',
      'POST /v1/messages/batches/msgbatch_1/cancel',
      'DELETE /v1/messages/batches/msgbatch_1',
    ]);
  });
});

test('files go up and come back byte for byte', async () => {
  const content = Buffer.from(Array.from({ length: 999 }, (_, index) => index % 256));
  upstream.answer = ({ method }, response) => {
    if (method === 'POST') json(response, { id: 'file_1', type: 'file' });
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
  };
  await client.beta.files.upload({ file: await toFile(content, 'notes.bin') });
  expect((upstream.received[0] as Received).body.includes(content)).toBe(true);
  const answered = await client.beta.files.download('file_1');
  expect(Buffer.from(await answered.arrayBuffer()).equals(content)).toBe(true);
});
