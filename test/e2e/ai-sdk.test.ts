import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, type LanguageModel, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

let gateway: DemoGateway;
let requests = 0;
const providers = new Map<string, (model: string) => LanguageModel>();
const NAMES = ['openai (responses)', 'openai (chat)', 'anthropic', 'openai-compatible'] as const;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  const counted: typeof fetch = (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  const options = { baseURL: `${gateway.waygate.url}/v1`, apiKey: await token(), fetch: counted };
  const openai = createOpenAI(options);
  providers.set('openai (responses)', (model) => openai(model));
  providers.set('openai (chat)', (model) => openai.chat(model));
  providers.set('anthropic', createAnthropic(options));
  providers.set('openai-compatible', createOpenAICompatible({ ...options, name: 'waygate', includeUsage: true }));
});
afterAll(() => gateway.stop());

const modelOf = (name: string, model: string): LanguageModel => providers.get(name)!(model);

describe.each(NAMES)('the AI SDK with its provider %s', (name) => {
  test('text is generated, with its usage', async () => {
    const { text, usage } = await generateText({ model: modelOf(name, 'demo-small'), prompt: 'hello' });
    expect(text).toBeTruthy();
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  test('a stream arrives piece by piece', async () => {
    const arrivals: number[] = [];
    for await (const piece of streamText({ model: modelOf(name, 'demo-small'), prompt: 'tell me something long' })
      .textStream) {
      if (piece) arrivals.push(performance.now());
    }
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
  });

  test('a tool is called and its result used', async () => {
    const add = tool({
      description: 'adds',
      inputSchema: jsonSchema<{ a: number; b: number }>({
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
      }),
      execute: ({ a, b }) => Promise.resolve(a + b),
    });
    const { text, steps } = await generateText({
      model: modelOf(name, 'demo-small'),
      prompt: 'call add with {"a":1,"b":2}',
      tools: { add },
      stopWhen: stepCountIs(3),
    });
    expect(steps[0]?.toolCalls[0]?.toolName).toBe('add');
    expect(text).toContain('3');
  });

  test('a refusal reaches the caller after one request, with the rule and its reason', async () => {
    const before = requests;
    const error = await generateText({ model: modelOf(name, 'demo-large'), prompt: 'x' }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});
