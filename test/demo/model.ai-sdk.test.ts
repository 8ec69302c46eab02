import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
beforeAll(async () => {
  demo = await startDemoModel();
});
afterAll(() => demo.close());

const PROVIDERS = {
  responses: () => createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'unused' })('demo-small'),
  chat: () => createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'unused' }).chat('demo-small'),
  anthropic: () => createAnthropic({ baseURL: `${demo.url}/v1`, apiKey: 'unused' })('demo-small'),
  compatible: () =>
    createOpenAICompatible({ name: 'demo', baseURL: `${demo.url}/v1`, includeUsage: true })('demo-small'),
} as const;

const tools = {
  add: tool({
    inputSchema: jsonSchema<{ a: number; b: number }>({
      type: 'object',
      properties: { a: { type: 'number' }, b: { type: 'number' } },
      required: ['a', 'b'],
    }),
    execute: ({ a, b }) => String(a + b),
  }),
};

const ask = (model: LanguageModel, prompt: string) => ({ model, prompt, maxOutputTokens: 500 });

describe.each(Object.entries(PROVIDERS))('the AI SDK over %s', (_, model) => {
  test('an answer is understood whole', async () => {
    const { text, usage, finishReason, warnings } = await generateText({ ...ask(model(), 'How do you do?') });
    expect(text).toContain('How do you do?');
    expect(finishReason).toBe('stop');
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
    expect(warnings ?? []).toEqual([]);
  });

  test('an agent loop calls a tool and tells its result, streamed', async () => {
    const run = streamText({ ...ask(model(), 'add 20 and 22'), tools, stopWhen: isStepCount(3) });
    let text = '';
    for await (const delta of run.textStream) text += delta;
    const steps = await run.steps;
    expect(steps.map((step) => step.finishReason)).toEqual(['tool-calls', 'stop']);
    expect(text).toBe('The tool returned: 42');
    expect((await run.totalUsage).outputTokens).toBeGreaterThan(0);
  });
});
