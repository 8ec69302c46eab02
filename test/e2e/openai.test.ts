import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

let gateway: DemoGateway;
let client: OpenAI;
let requests = 0;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  client = new OpenAI({
    baseURL: `${gateway.waygate.url}/v1`,
    apiKey: await token(),
    fetch: (input, init) => {
      requests += 1;
      return fetch(input, init);
    },
  });
});
afterAll(() => gateway.stop());

const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'add',
      parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    },
  },
] as const;

describe('the openai SDK', () => {
  test('a chat completion is answered, with its usage', async () => {
    const answer = await client.chat.completions.create({
      model: 'demo-small',
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(answer.choices[0]?.message.content).toBeTruthy();
    expect(answer.usage?.total_tokens).toBeGreaterThan(0);
  });

  test('a chat stream arrives piece by piece and shows no usage that was not asked for', async () => {
    const stream = await client.chat.completions.create({
      model: 'demo-small',
      stream: true,
      messages: [{ role: 'user', content: 'tell me something long' }],
    });
    const arrivals: number[] = [];
    for await (const chunk of stream) {
      arrivals.push(performance.now());
      expect(chunk).not.toHaveProperty('usage');
      expect(chunk.choices).not.toEqual([]);
    }
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
  });

  test('a chat stream states its usage to a client that asked for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'demo-small',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'hello' }],
    });
    const usages: unknown[] = [];
    for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage);
    expect(usages).toHaveLength(1);
  });

  test('the model calls a tool and goes on with its result', async () => {
    const question = { role: 'user', content: 'call add with {"a":1,"b":2}' } as const;
    const first = await client.chat.completions.create({
      model: 'demo-small',
      messages: [question],
      tools: [...TOOLS],
    });
    const call = first.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === 'function' && call.function.name).toBe('add');
    const second = await client.chat.completions.create({
      model: 'demo-small',
      tools: [...TOOLS],
      messages: [question, first.choices[0]!.message, { role: 'tool', tool_call_id: call!.id, content: '3' }],
    });
    expect(second.choices[0]?.message.content).toContain('3');
  });

  test('the responses API answers, as JSON and as a stream', async () => {
    const answer = await client.responses.create({ model: 'demo-small', input: 'hello' });
    expect(answer.output_text).toBeTruthy();
    const types: string[] = [];
    for await (const event of await client.responses.create({ model: 'demo-small', input: 'hello', stream: true }))
      types.push(event.type);
    expect(types[0]).toBe('response.created');
    expect(types.at(-1)).toBe('response.completed');
    expect(types.filter((type) => type === 'response.output_text.delta').length).toBeGreaterThan(1);
  });

  test('embeddings are vectors, those of texts that share words near each other', async () => {
    const answer = await client.embeddings.create({
      model: 'demo-small',
      input: ['the cat sat on the mat', 'a cat on a mat', 'quarterly revenue grew'],
    });
    const [one, near, far] = answer.data.map(({ embedding }) => embedding) as [number[], number[], number[]];
    const dot = (left: number[], right: number[]): number =>
      left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
    expect(dot(one, near)).toBeGreaterThan(dot(one, far));
    expect(answer.usage.prompt_tokens).toBeGreaterThan(0);
  });

  test('the list of models has only those that the caller may use', async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['demo-small']);
  });

  test.each([
    [
      'chat completions',
      403,
      (sdk: OpenAI) => sdk.chat.completions.create({ model: 'demo-large', messages: [{ role: 'user', content: 'x' }] }),
    ],
    [
      'a chat stream',
      403,
      (sdk: OpenAI) =>
        sdk.chat.completions.create({ model: 'demo-large', stream: true, messages: [{ role: 'user', content: 'x' }] }),
    ],
    ['embeddings', 403, (sdk: OpenAI) => sdk.embeddings.create({ model: 'demo-large', input: 'x' })],
    ['responses', 400, (sdk: OpenAI) => sdk.responses.create({ model: 'demo-large', input: 'x' })],
  ])('a refusal of %s reaches the caller after one request, with the rule and its reason', async (_, status, ask) => {
    const before = requests;
    const error = await Promise.resolve(ask(client)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status });
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});
