// The parts of OpenAI's API beside its models' texts, with its own SDK, before an upstream that a test scripts.
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, type Received, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

let upstream: ScriptedUpstream;
let waygate: Waygate;
let client: OpenAI;

const POLICY = {
  policy: 'surface',
  rules: [
    { id: 'media', allow: ['model.image', 'model.speech', 'model.transcribe', 'model.moderate', 'model.generate'] },
    { id: 'files', allow: ['object.read', 'object.write'], on: 'object/api/*' },
    {
      id: 'others',
      deny: 'object.read',
      on: 'object/api/files/*/content',
      when: 'resource.name == "files/file-9/content"',
    },
    { id: 'no-big', deny: 'model.*', on: 'model/*/big', because: 'too dear' },
    {
      id: 'small-files',
      deny: 'object.write',
      on: 'object/api/files',
      when: 'has(args.files) && args.files.exists(f, has(f.bytes) && f.bytes > 1000)',
    },
    { id: 'batches', allow: 'model.batch', on: 'object/api/batches' },
  ],
  limits: [{ id: 'day', budget: '1 USD', every: 'day', on: 'model.*' }],
};

beforeAll(async () => {
  upstream = await scriptedUpstream();
  const prices = {
    'img-flat': { request: 0.04 },
    'tts-*': { request: 0.06 },
    'img-tokens': { input: 5, output: 40 },
    moderator: 'free',
    old: { input: 1, output: 2 },
    big: { request: 1 },
    '*': { input: 1, output: 4 },
  };
  waygate = await startWaygate({
    config: {
      upstreams: { api: { protocol: 'openai', url: `${upstream.url}/v1`, credential: 'env:UPSTREAM_KEY', prices } },
      aliases: { whisper: 'api/img-tokens' },
    },
    policies: { 'surface.yaml': POLICY },
    env: { UPSTREAM_KEY: 'sk-upstream' },
  });
  client = new OpenAI({ baseURL: `${waygate.url}/v1`, apiKey: await token(), maxRetries: 0 });
});
afterAll(async () => {
  await waygate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.answer = (_, response) => json(response, {});
});

const last = (): Received => upstream.received.at(-1) as Received;

/** What was spent, in micro-USD, as the metrics say. */
async function spent(action: string): Promise<number> {
  const text = await (await fetch(`${waygate.adminUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('waygate_cost') && line.includes(`"${action}"`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function rejection(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

describe('images', () => {
  test('cost what each of them is said to cost', async () => {
    upstream.answer = (_, response) => json(response, { created: 1, data: [{ b64_json: 'AA' }, { b64_json: 'AA' }] });
    const answer = await client.images.generate({ model: 'img-flat', prompt: 'a cat', n: 2 });
    expect(answer.data).toHaveLength(2);
    await expect.poll(() => spent('model.image')).toBe(80_000);
  });

  test('cost the tokens that their answer states, where they are paid by tokens', async () => {
    const before = await spent('model.image');
    const usage = { input_tokens: 10, output_tokens: 1_000, total_tokens: 1_010 };
    upstream.answer = (_, response) => json(response, { created: 1, data: [{ b64_json: 'AA' }], usage });
    await client.images.edit({ model: 'img-tokens', prompt: 'x', image: await toFile(Buffer.alloc(300), 'a.png') });
    expect(last().headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(last().body.includes('img-tokens')).toBe(true);
    await expect.poll(async () => (await spent('model.image')) - before).toBe(50 + 40_000);
  });

  test('without a price are refused, whatever a pattern for texts says', async () => {
    const refused = await rejection(client.images.generate({ model: 'unpriced', prompt: 'a cat' }));
    expect(String(refused)).toContain('no price is known for `model.image` with `unpriced`');
    expect(refused).toMatchObject({ status: 403, code: 'price.unknown' });
    expect(upstream.received).toHaveLength(0);
  });

  test('past the budget are refused', async () => {
    const refused = await rejection(client.images.generate({ model: 'img-flat', prompt: 'a cat', n: 100 }));
    expect(refused).toMatchObject({ code: 'limit.budget' });
    expect(upstream.received).toHaveLength(0);
  });

  test('of a model that a rule denies are refused', async () => {
    const refused = await rejection(client.images.generate({ model: 'big', prompt: 'a cat' }));
    expect(String(refused)).toContain('surface/no-big');
  });
});

describe('audio', () => {
  test('speech comes through as it is, and costs one request', async () => {
    const sound = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    upstream.answer = (_, response) => response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(sound);
    const answer = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hello' });
    expect(Buffer.from(await answer.arrayBuffer()).equals(sound)).toBe(true);
    await expect.poll(() => spent('model.speech')).toBe(60_000);
  });

  test('a transcription goes up byte for byte but for the alias of its model', async () => {
    upstream.answer = (_, response) =>
      json(response, { text: 'hi', usage: { type: 'tokens', input_tokens: 100, output_tokens: 5, total_tokens: 105 } });
    const sound = Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7) % 256));
    const answer = await client.audio.transcriptions.create({ model: 'whisper', file: await toFile(sound, 'a.wav') });
    expect(answer.text).toBe('hi');
    const { body } = last();
    expect(body.includes(sound)).toBe(true);
    expect(body.toString('latin1')).toContain('name="model"\r\n\r\nimg-tokens\r\n');
    await expect.poll(() => spent('model.transcribe')).toBe(500 + 200);
  });

  test('a moderation that is stated to be free is', async () => {
    upstream.answer = (_, response) => json(response, { id: 'modr-1', model: 'moderator', results: [] });
    expect(await client.moderations.create({ model: 'moderator', input: 'x' })).toMatchObject({ id: 'modr-1' });
    expect(await spent('model.moderate')).toBe(0);
  });
});

describe('older completions', () => {
  test('are metered, as JSON and as a stream that shows no usage', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const chunk = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'old' };
    upstream.answer = (request, response) => {
      expect(JSON.parse(request.body.toString())).toMatchObject({ stream_options: { include_usage: true } });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] })}\n\n`,
      );
      response.end(`data: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\ndata: [DONE]\n\n`);
    };
    const pieces: unknown[] = [];
    for await (const piece of await client.completions.create({
      model: 'old',
      prompt: 'x',
      max_tokens: 9,
      stream: true,
    }))
      pieces.push(piece);
    expect(pieces).toEqual([{ ...chunk, choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] }]);
    await expect.poll(() => spent('model.generate')).toBe(20);
  });
});

describe('objects', () => {
  test('a file goes up byte for byte, and its content comes back so', async () => {
    const content = Buffer.from(Array.from({ length: 999 }, (_, index) => index % 256));
    upstream.answer = (_, response) => json(response, { id: 'file-1', object: 'file' });
    const file = await client.files.create({ purpose: 'user_data', file: await toFile(content, 'notes.bin') });
    expect(file.id).toBe('file-1');
    expect(last()).toMatchObject({ method: 'POST', url: '/v1/files' });
    expect(last().headers.authorization).toBe('Bearer sk-upstream');
    expect(last().body.includes(content)).toBe(true);
    upstream.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
    const answer = await client.files.content('file-1');
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
    expect(last()).toMatchObject({ method: 'GET', url: '/v1/files/file-1/content' });
  });

  test('a rule sees the size of a file and the id of an object', async () => {
    const large = client.files.create({ purpose: 'user_data', file: await toFile(Buffer.alloc(1_001), 'large.bin') });
    expect(String(await rejection(large))).toContain('surface/small-files');
    expect(String(await rejection(client.files.content('file-9')))).toContain('surface/others');
    expect(upstream.received).toHaveLength(0);
  });

  test('a batch whose file nobody can read takes a price of its own', async () => {
    const batch = { input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    const refused = await rejection(client.batches.create(batch));
    expect(refused).toMatchObject({ code: 'price.unknown' });
    expect(String(refused)).toContain('prices: { batches: { request: … } }');
    expect(upstream.received).toHaveLength(0);
  });

  test('batches and stored responses are read and ended', async () => {
    await client.batches.retrieve('batch_1');
    await client.batches.cancel('batch_1');
    await client.batches.list();
    await client.responses.retrieve('resp_1');
    await client.responses.inputItems.list('resp_1');
    await client.responses.cancel('resp_1');
    await client.responses.delete('resp_1');
    await client.files.list();
    await client.files.delete('file-1');
    await client.uploads.create({ purpose: 'user_data', filename: 'a', bytes: 3, mime_type: 'text/plain' });
    await client.uploads.parts.create('upload_1', { data: await toFile(Buffer.from('abc'), 'a') });
    await client.uploads.complete('upload_1', { part_ids: ['part_1'] });
    await client.uploads.cancel('upload_1');
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/batches/batch_1',
      'POST /v1/batches/batch_1/cancel',
      'GET /v1/batches',
      'GET /v1/responses/resp_1',
      'GET /v1/responses/resp_1/input_items',
      'POST /v1/responses/resp_1/cancel',
      'DELETE /v1/responses/resp_1',
      'GET /v1/files',
      'DELETE /v1/files/file-1',
      'POST /v1/uploads',
      'POST /v1/uploads/upload_1/parts',
      'POST /v1/uploads/upload_1/complete',
      'POST /v1/uploads/upload_1/cancel',
    ]);
  });
});
