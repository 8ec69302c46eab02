import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
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

function runner(useResponses: boolean): Runner {
  const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses });
  return new Runner({ modelProvider, tracingDisabled: true });
}

const add = tool({
  name: 'add',
  description: 'adds',
  strict: false,
  parameters: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
    required: ['a', 'b'],
    additionalProperties: true,
  },
  execute: (input) => {
    const { a, b } = input as { a: number; b: number };
    return `the sum is ${a + b}`;
  },
});

const small = new Agent({ name: 'small', model: 'demo-small', tools: [add] });
const large = new Agent({ name: 'large', model: 'demo-large' });

describe.each([
  ['responses', true],
  ['chat completions', false],
])('the OpenAI Agents SDK over %s', (_, useResponses) => {
  test('a run ends with the answer, and knows what it used', async () => {
    const result = await runner(useResponses).run(small, 'hello');
    expect(result.finalOutput).toContain('hello');
    expect(result.state.usage.outputTokens).toBeGreaterThan(0);
  });

  test('a stream arrives piece by piece', async () => {
    const stream = await runner(useResponses).run(small, 'tell me something long', { stream: true });
    const arrivals: number[] = [];
    for await (const event of stream)
      if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
        arrivals.push(performance.now());
    await stream.completed;
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
  });

  test('a tool is called and its result used', async () => {
    const result = await runner(useResponses).run(small, 'call add with {"a":1,"b":2}');
    expect(result.finalOutput).toContain('the sum is 3');
  });

  test('a refusal reaches the caller after one request, with the rule and its reason', async () => {
    const before = requests;
    const error = await runner(useResponses)
      .run(large, 'x')
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });

  test('a refusal of a stream reaches the caller after one request', async () => {
    const before = requests;
    const error = await runner(useResponses)
      .run(large, 'x', { stream: true })
      .then((stream) => stream.completed)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});
