import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

let gateway: DemoGateway;
let bearer: string;
let requests = 0;

/** The SDK with its base URL at the gateway, or below one of its prefixes, with Google's version of the API. */
function client(base = '', apiVersion?: string): GoogleGenAI {
  return new GoogleGenAI({
    apiKey: bearer,
    ...(apiVersion !== undefined && { apiVersion }),
    httpOptions: {
      baseUrl: gateway.waygate.url + base,
      fetch: (input, init) => {
        requests += 1;
        return fetch(input, init);
      },
    },
  });
}

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  bearer = await token();
});
afterAll(() => gateway.stop());

const ASK = { model: 'demo-small', contents: 'tell me something long' } as const;
const TOOLS = [
  {
    functionDeclarations: [
      {
        name: 'add',
        parametersJsonSchema: {
          type: 'object',
          properties: { a: { type: 'number' }, b: { type: 'number' } },
          required: ['a', 'b'],
        },
      },
    ],
  },
];

describe('the google-genai SDK', () => {
  test.each([
    ['', undefined],
    ['', 'v1beta'],
    ['/gemini', 'v1'],
    ['/gemini', 'v1beta'],
    ['/google', 'v1beta'],
  ])('content is generated below `%s` with version %s, with its usage', async (base, version) => {
    const answer = await client(base, version).models.generateContent(ASK);
    expect(answer.text).toContain('tell me something long');
    expect(answer.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
  });

  test('a stream arrives piece by piece and ends with its usage', async () => {
    const arrivals: number[] = [];
    let last;
    for await (const chunk of await client().models.generateContentStream(ASK)) {
      arrivals.push(performance.now());
      last = chunk;
    }
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
    expect(last?.candidates?.[0]?.finishReason).toBe('STOP');
    expect(last?.usageMetadata?.candidatesTokenCount).toBeGreaterThan(0);
  });

  test('without `alt=sse` a stream is one list, and comes piece by piece too', async () => {
    const answer = await fetch(`${gateway.waygate.url}/v1beta/models/demo-small:streamGenerateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ contents: [{ parts: [{ text: 'tell me something long' }] }] }),
    });
    let chunks = 0;
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      chunks += 1;
      text += chunk;
    }
    expect(chunks).toBeGreaterThan(2);
    expect(JSON.parse(text)).toContainEqual(expect.objectContaining({ usageMetadata: expect.anything() as unknown }));
  });

  test('the model calls a function and goes on with its result', async () => {
    const { models } = client();
    const question = { role: 'user', parts: [{ text: 'call add with {"a":1,"b":2}' }] };
    const config = { tools: TOOLS, toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } } };
    const first = await models.generateContent({ model: 'demo-small', contents: [question], config });
    expect(first.functionCalls).toMatchObject([{ name: 'add', args: { a: 1, b: 2 } }]);
    const called = first.candidates?.[0]?.content ?? {};
    const result = { role: 'user', parts: [{ functionResponse: { name: 'add', response: { sum: 3 } } }] };
    const second = await models.generateContent({ model: 'demo-small', contents: [question, called, result], config });
    expect(second.text).toContain('3');
  });

  test('tokens are counted', async () => {
    const count = await client().models.countTokens({ model: 'demo-small', contents: 'hello' });
    expect(count.totalTokens).toBeGreaterThan(0);
  });

  test('contents are embedded, each in a vector of its own', async () => {
    const { embeddings } = await client().models.embedContent({ model: 'demo-small', contents: ['one', 'two'] });
    expect(embeddings).toHaveLength(2);
    expect(embeddings?.[0]?.values?.length).toBeGreaterThan(100);
    expect(embeddings?.[0]?.values).not.toEqual(embeddings?.[1]?.values);
  });

  test.each(['', '/gemini'])('models are listed below `%s`, of these only the usable ones', async (base) => {
    const names: (string | undefined)[] = [];
    for await (const { name } of await client(base).models.list()) names.push(name);
    expect(names).toEqual(['models/demo-small']);
    expect((await client(base).models.get({ model: 'demo-small' })).name).toBe('models/demo-small');
  });

  test.each([
    ['generateContent', (sdk: GoogleGenAI) => sdk.models.generateContent({ ...ASK, model: 'demo-large' })],
    ['a stream', (sdk: GoogleGenAI) => sdk.models.generateContentStream({ ...ASK, model: 'demo-large' })],
    ['embeddings', (sdk: GoogleGenAI) => sdk.models.embedContent({ ...ASK, model: 'demo-large' })],
  ])('a refusal of %s reaches the caller after one request, with the rule and its reason', async (_, ask) => {
    const before = requests;
    const error = await ask(client()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 403 });
    expect(String(error)).toContain('PERMISSION_DENIED');
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});

describe('between the google-genai SDK and an upstream', () => {
  const ANSWER = {
    candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  };
  const COST = 10 * 1 + 5 * 4;
  let upstream: ScriptedUpstream;
  let waygate: Waygate;

  beforeAll(async () => {
    upstream = await scriptedUpstream();
    const google = {
      protocol: 'gemini',
      url: upstream.url,
      credential: 'env:UPSTREAM_KEY',
      prices: { '*': { input: 1, output: 4 } },
    };
    waygate = await startWaygate({
      config: { upstreams: { google }, aliases: { fast: 'google/gemini-real' } },
      policies: {
        'open.yaml': { policy: 'open', rules: [{ id: 'all', allow: 'model.generate' }] },
        'poor.yaml': {
          policy: 'poor',
          applies: 'agent == "poor"',
          limits: [{ id: 'day', budget: '0.0001 USD', every: 'day', per: 'agent' }],
        },
        'slow.yaml': {
          policy: 'slow',
          applies: 'agent == "slow"',
          limits: [{ id: 'pace', rate: '1/h', per: 'agent' }],
        },
      },
      env: { UPSTREAM_KEY: 'AIza-upstream-key-0001' },
    });
  });
  afterAll(async () => {
    await waygate.stop();
    await upstream.close();
  });

  const sdk = (apiKey: string, headers: Record<string, string> = {}): GoogleGenAI =>
    new GoogleGenAI({ apiKey, httpOptions: { baseUrl: waygate.url, headers } });

  test('an alias, the credential and the bill are what the gateway makes of them', async () => {
    upstream.answer = (_, response) => json(response, ANSWER);
    upstream.received.length = 0;
    expect((await sdk(bearer).models.generateContent({ model: 'fast', contents: 'hello' })).text).toBe('hi');
    expect(upstream.received).toMatchObject([
      {
        method: 'POST',
        url: '/v1/models/gemini-real:generateContent',
        headers: { 'x-goog-api-key': 'AIza-upstream-key-0001' },
      },
    ]);
    const metrics = await (await fetch(`${waygate.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^waygate_cost_usd_micros_total\\{.*gemini-real.*\\} ${COST}(?: |$)`, 'm'));
    expect(metrics).toContain('gen_ai_operation_name="generate_content"');
    expect(metrics).toContain('gen_ai_provider_name="gcp.gemini"');
  });

  test('a stream that breaks is told as an error, never taken for the whole', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const { finishReason: __, ...open } = ANSWER.candidates[0] ?? {};
      const event = `data: ${JSON.stringify({ candidates: [open] })}\r\n\r\n`;
      response.write(event, () => setImmediate(() => response.destroy()));
    };
    upstream.received.length = 0;
    const config = { automaticContinuation: false };
    const stream = await sdk(bearer).models.generateContentStream({ model: 'fast', contents: 'hello', config });
    const texts: (string | undefined)[] = [];
    const error = await (async () => {
      for await (const { text } of stream) texts.push(text);
    })().catch((thrown: unknown) => thrown);
    expect(texts).toEqual(['hi']);
    expect(error).toBeInstanceOf(ApiError);
    expect(String(error)).toContain('UPSTREAM_BROKEN');
    expect(upstream.received).toHaveLength(1);
  });

  test('a list that breaks is cut off, never closed', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`[${JSON.stringify(ANSWER)}`, () => setImmediate(() => response.destroy()));
    };
    const answer = await fetch(`${waygate.url}/v1beta/models/fast:streamGenerateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ contents: [{ parts: [{ text: 'hello' }] }] }),
    });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  test('what cannot be paid for is refused with 403, which nobody repeats', async () => {
    const error = await sdk(await token({ agent: 'poor' }))
      .models.generateContent({ model: 'fast', contents: 'hello' })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 403 });
    expect(String(error)).toContain('LIMIT_BUDGET');
  });

  test('too high a rate is 429 to an SDK and 403 to Gemini CLI, which would go on asking', async () => {
    upstream.answer = (_, response) => json(response, ANSWER);
    const slow = await token({ agent: 'slow' });
    const statusOf = (headers: Record<string, string> = {}): Promise<number> =>
      sdk(slow, headers)
        .models.generateContent({ model: 'fast', contents: 'hello' })
        .then(
          () => 200,
          (thrown: ApiError) => thrown.status,
        );
    expect(await statusOf()).toBe(200);
    expect(await statusOf()).toBe(429);
    const cli = 'GeminiCLI-tui/0.61.0/gemini-3-pro-preview (linux; x64; terminal)';
    expect(await statusOf({ 'User-Agent': cli })).toBe(403);
  });
});
