import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
let client: OpenAI;
beforeAll(async () => {
  demo = await startDemoModel();
  client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'unused', maxRetries: 0 });
});
afterAll(() => demo.close());

const ADD = {
  type: 'function',
  function: {
    name: 'add',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  },
} as const;
const ask = (content: string) => ({ model: 'demo-small', messages: [{ role: 'user', content } as const] });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe('chat completions, with the openai SDK', () => {
  test('an answer repeats what was asked, and its usage adds up', async () => {
    const answer = await client.chat.completions.create(ask('How do you do?'));
    expect(answer.object).toBe('chat.completion');
    expect(answer.model).toBe('demo-small');
    expect(answer.choices[0]?.message.content).toContain('How do you do?');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage ?? {};
    expect(prompt_tokens).toBeGreaterThan(0);
    expect(completion_tokens).toBeGreaterThan(0);
    expect(total_tokens).toBe((prompt_tokens ?? 0) + (completion_tokens ?? 0));
  });

  test('a stream gives the same words as the JSON answer, one token a chunk, and no usage unless asked', async () => {
    const whole = await client.chat.completions.create(ask('Grüße, 世界 🌍'));
    const words: string[] = [];
    const ends: unknown[] = [];
    for await (const chunk of await client.chat.completions.create({ ...ask('Grüße, 世界 🌍'), stream: true })) {
      expect(chunk).not.toHaveProperty('usage');
      expect(chunk.choices).toHaveLength(1);
      words.push(chunk.choices[0]?.delta.content ?? '');
      ends.push(chunk.choices[0]?.finish_reason);
    }
    expect(words.join('')).toBe(whole.choices[0]?.message.content);
    expect(words.filter((word) => word !== '')).toHaveLength(whole.usage?.completion_tokens ?? -1);
    expect(ends.filter((end) => end !== null)).toEqual(['stop']);
  });

  test('a stream that is asked for usage says null in every chunk and the truth in one more, without choices', async () => {
    const whole = await client.chat.completions.create(ask('Count me'));
    const stream = await client.chat.completions.create({
      ...ask('Count me'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(chunks.at(-1)?.usage).toEqual(whole.usage);
  });

  test('a named tool is called, and its result told', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'call add with {"a": 1, "b": 2}' }];
    const first = await client.chat.completions.create({ model: 'demo-large', messages, tools: [ADD] });
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    const message = first.choices[0]?.message;
    const call = message?.tool_calls?.[0];
    if (!message || call?.type !== 'function') throw new Error('no call');
    expect(call.function).toEqual({ name: 'add', arguments: '{"a":1,"b":2}' });
    const second = await client.chat.completions.create({
      model: 'demo-large',
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: '3' }],
      tools: [ADD],
    });
    expect(second.choices[0]?.message.content).toBe('The tool returned: 3');
  });

  test('a streamed tool call comes in pieces that the SDK puts together', async () => {
    const stream = client.chat.completions.stream({ ...ask('please add 20 and 22'), tools: [ADD] });
    const deltas: string[] = [];
    stream.on('tool_calls.function.arguments.delta', ({ arguments_delta }) => deltas.push(arguments_delta));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.finish_reason).toBe('tool_calls');
    const call = final.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === 'function' && call.function).toMatchObject({ name: 'add', arguments: '{"a":20,"b":22}' });
    expect(deltas.filter((delta) => delta !== '').length).toBeGreaterThan(1);
  });

  test.each([{ max_tokens: 3 }, { max_completion_tokens: 3 }])(
    '$max_tokens$max_completion_tokens tokens are the most that is said',
    async (cap) => {
      const answer = await client.chat.completions.create({ ...ask('Say much'), ...cap });
      expect(answer.choices[0]?.finish_reason).toBe('length');
      expect(answer.usage?.completion_tokens).toBe(3);
    },
  );

  test('a stop sequence ends the answer before it', async () => {
    const answer = await client.chat.completions.create({ ...ask('Hi'), stop: ['You said'] });
    expect(answer.choices[0]?.message.content).toBe('Hello from demo-small. ');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  test.each([
    ['no messages', { messages: [] }, { status: 400, param: 'messages' }],
    ['an unknown model', { model: 'gpt-none' }, { status: 404, param: 'model', code: 'model_not_found' }],
    [
      'stream options without a stream',
      { stream_options: { include_usage: true } },
      { status: 400, param: 'stream_options' },
    ],
    ['several choices', { n: 2 }, { status: 400, param: 'n' }],
  ])('%s is refused as OpenAI refuses', async (_, fields, expected) => {
    const refused = await client.chat.completions
      .create({ ...ask('x'), ...fields } as never)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ type: 'invalid_request_error', ...expected });
  });
});
