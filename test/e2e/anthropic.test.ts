import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

let gateway: DemoGateway;
let client: Anthropic;
let requests = 0;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  client = new Anthropic({
    baseURL: gateway.waygate.url,
    apiKey: await token(),
    fetch: (input, init) => {
      requests += 1;
      return fetch(input, init);
    },
  });
});
afterAll(() => gateway.stop());

const ASK = { model: 'demo-small', max_tokens: 200 } as const;
const TOOLS = [
  {
    name: 'add',
    description: 'adds',
    input_schema: { type: 'object' as const, properties: { a: { type: 'number' }, b: { type: 'number' } } },
  },
];

describe('the anthropic SDK', () => {
  test('a message is answered, with its usage', async () => {
    const answer = await client.messages.create({ ...ASK, messages: [{ role: 'user', content: 'hello' }] });
    expect(answer.content[0]?.type).toBe('text');
    expect(answer.usage.output_tokens).toBeGreaterThan(0);
  });

  test('a stream arrives piece by piece and ends with its usage', async () => {
    const stream = client.messages.stream({ ...ASK, messages: [{ role: 'user', content: 'tell me something long' }] });
    const arrivals: number[] = [];
    stream.on('text', () => arrivals.push(performance.now()));
    const final = await stream.finalMessage();
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
    expect(final.usage.output_tokens).toBeGreaterThan(0);
  });

  test('the model calls a tool and goes on with its result', async () => {
    const question = { role: 'user', content: 'call add with {"a":1,"b":2}' } as const;
    const first = await client.messages.create({ ...ASK, tools: TOOLS, messages: [question] });
    const use = first.content.find((block) => block.type === 'tool_use');
    expect(use?.name).toBe('add');
    const result = { type: 'tool_result', tool_use_id: use!.id, content: '3' } as const;
    const second = await client.messages.create({
      ...ASK,
      tools: TOOLS,
      messages: [question, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }],
    });
    expect(JSON.stringify(second.content)).toContain('3');
  });

  test('tokens are counted and models listed, of these only the usable ones', async () => {
    const count = await client.messages.countTokens({
      model: 'demo-small',
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(count.input_tokens).toBeGreaterThan(0);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['demo-small']);
  });

  test('a refusal reaches the caller after one request, with the rule and its reason', async () => {
    const before = requests;
    const error = await client.messages
      .create({ ...ASK, model: 'demo-large', messages: [{ role: 'user', content: 'x' }] })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});
