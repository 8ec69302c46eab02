import { ApiError, FunctionCallingConfigMode, GoogleGenAI, type GenerateContentResponse } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
let client: GoogleGenAI;
beforeAll(async () => {
  demo = await startDemoModel();
  client = new GoogleGenAI({ apiKey: 'unused', httpOptions: { baseUrl: `${demo.url}/gemini` } });
});
afterAll(() => demo.close());

const MODEL = 'demo-small';
const parameters = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
};
const tools = [{ functionDeclarations: [{ name: 'add', parametersJsonSchema: parameters }] }];
const ask = (contents: string, config: object = {}) => ({ model: MODEL, contents, config });

const post = (path: string, body: unknown) =>
  fetch(`${demo.url}/gemini/v1beta${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function collect(contents: string, config: object = {}): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of await client.models.generateContentStream(ask(contents, config))) chunks.push(chunk);
  return chunks;
}

describe('generated content, with the google-genai SDK', () => {
  test('an answer repeats what was asked, and its usage adds up', async () => {
    const answer = await client.models.generateContent(ask('How do you do?', { systemInstruction: 'Be kind.' }));
    expect(answer.text).toContain('How do you do?');
    expect(answer).toMatchObject({ modelVersion: MODEL, candidates: [{ finishReason: 'STOP' }] });
    const { promptTokenCount = 0, candidatesTokenCount = 0, totalTokenCount } = answer.usageMetadata ?? {};
    expect(candidatesTokenCount).toBeGreaterThan(0);
    expect(totalTokenCount).toBe(promptTokenCount + candidatesTokenCount);
  });

  test('countTokens says what an answer then uses', async () => {
    const counted = await client.models.countTokens({ model: MODEL, contents: 'Count me' });
    const answer = await client.models.generateContent(ask('Count me'));
    expect(answer.usageMetadata?.promptTokenCount).toBe(counted.totalTokens);
  });

  test('a stream gives the same words and usage as the JSON answer, under one id, one token an event', async () => {
    const whole = await client.models.generateContent(ask('Grüße, 世界 🌍'));
    const chunks = await collect('Grüße, 世界 🌍');
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe(whole.text);
    expect(chunks.at(-1)?.usageMetadata).toEqual(whole.usageMetadata);
    expect(chunks).toHaveLength((whole.usageMetadata?.candidatesTokenCount ?? 0) + 1);
    expect(new Set(chunks.map(({ responseId }) => responseId)).size).toBe(1);
    expect(chunks.filter(({ candidates }) => candidates?.[0]?.finishReason)).toHaveLength(1);
  });

  test('without `alt=sse` a stream is a list of the same chunks', async () => {
    const body = { contents: [{ parts: [{ text: 'Hi' }] }] };
    const answer = await post(`/models/${MODEL}:streamGenerateContent`, body);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const chunks = (await answer.json()) as readonly unknown[];
    expect(chunks).toHaveLength((await collect('Hi')).length);
  });

  test.each(['whole', 'streamed'])('a named function is called, and its result told, %s', async (form) => {
    const contents = 'call add with {"a": 1, "b": 2}';
    const [first] =
      form === 'whole'
        ? [await client.models.generateContent(ask(contents, { tools }))]
        : await collect(contents, { tools });
    expect(first?.functionCalls).toEqual([{ name: 'add', args: { a: 1, b: 2 } }]);
    const second = await client.models.generateContent({
      model: MODEL,
      contents: [
        { role: 'user', parts: [{ text: contents }] },
        first?.candidates?.[0]?.content ?? {},
        { role: 'user', parts: [{ functionResponse: { name: 'add', response: { sum: 3 } } }, { text: 'Go on.' }] },
      ],
      config: { tools },
    });
    expect(second.text).toBe('The tool returned: {"sum":3}');
  });

  test.each([
    [{ mode: FunctionCallingConfigMode.ANY }, 'Good morning', 1],
    [{ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['add'] }, 'Good morning', 1],
    [{ mode: FunctionCallingConfigMode.NONE }, 'call add', 0],
    [{ mode: FunctionCallingConfigMode.AUTO }, 'Good morning', 0],
  ])('%j is obeyed', async (functionCallingConfig, contents, calls) => {
    const answer = await client.models.generateContent(ask(contents, { tools, toolConfig: { functionCallingConfig } }));
    expect(answer.functionCalls ?? []).toHaveLength(calls);
  });

  test('maxOutputTokens is the most that is said, and a stop sequence ends the answer before it', async () => {
    const short = await client.models.generateContent(ask('Say much', { maxOutputTokens: 2 }));
    expect(short).toMatchObject({
      candidates: [{ finishReason: 'MAX_TOKENS' }],
      usageMetadata: { candidatesTokenCount: 2 },
    });
    const stopped = await client.models.generateContent(ask('Hi', { stopSequences: ['You said'] }));
    expect(stopped.text).toBe('Hello from demo-small. ');
  });
});

describe('what Google refuses is refused as Google does', () => {
  test.each([
    ['an unknown model', () => client.models.generateContent({ ...ask('x'), model: 'gemini-none' }), 404, 'NOT_FOUND'],
    ['two candidates', () => client.models.generateContent(ask('x', { candidateCount: 2 })), 400, 'INVALID_ARGUMENT'],
    ['an unknown model’s name', () => client.models.get({ model: 'gemini-none' }), 404, 'NOT_FOUND'],
  ])('%s', async (_, call, status, name) => {
    const refused = await call().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ status, message: expect.stringContaining(name) as string });
  });

  test.each([
    [`/models/${MODEL}:generateContent`, '{', 400],
    [`/models/${MODEL}:predict`, {}, 404],
    [`/models/${MODEL}:toString`, {}, 404],
    [`/models/${MODEL}:countTokens`, { contents: [] }, 400],
    ['/files', {}, 404],
    [`/models/${MODEL}:embedContent`, {}, 400],
    [`/models/${MODEL}:batchEmbedContents`, { requests: [] }, 400],
    [`/models/${MODEL}:generateContent`, ' '.repeat(8 * 1024 * 1024 + 1), 413],
  ])('POST %s', async (path, body, code) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(code);
    expect(await answer.json()).toMatchObject({ error: { code, status: expect.any(String) as string } });
  });
});

test('models are listed, and one is told', async () => {
  const names: (string | undefined)[] = [];
  for await (const { name } of await client.models.list()) names.push(name);
  expect(names).toEqual(['models/demo-small', 'models/demo-large']);
  expect(await client.models.get({ model: 'demo-large' })).toMatchObject({ name: 'models/demo-large' });
});
