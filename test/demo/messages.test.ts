import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
let client: Anthropic;
beforeAll(async () => {
  demo = await startDemoModel();
  client = new Anthropic({ baseURL: demo.url, apiKey: 'unused', maxRetries: 0 });
});
afterAll(() => demo.close());

const ADD: Anthropic.Tool = {
  name: 'add',
  input_schema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
};
const ask = (content: string) => ({
  model: 'demo-small',
  max_tokens: 1_000,
  messages: [{ role: 'user', content } as const],
});

describe('messages, with the Anthropic SDK', () => {
  test('an answer repeats what was asked', async () => {
    const answer = await client.messages.create({ ...ask('How do you do?'), system: 'Be kind.' });
    expect(answer).toMatchObject({ type: 'message', role: 'assistant', model: 'demo-small', stop_reason: 'end_turn' });
    expect(answer.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('How do you do?') });
    expect(answer.usage.output_tokens).toBeGreaterThan(0);
  });

  test('what stands between the messages as `system` is not what was asked', async () => {
    const between = { role: 'system', content: [{ type: 'text', text: 'the time is noon' }] } as const;
    const messages = [...ask('hello').messages, between];
    const answer = await client.messages.create({ ...ask(''), messages } as never);
    expect(JSON.stringify(answer)).toContain('You said: “hello”');
  });

  test('count_tokens says what a message then uses', async () => {
    const { max_tokens, ...request } = ask('Count me');
    const counted = await client.messages.countTokens({ ...request, tools: [ADD] });
    const answer = await client.messages.create({ ...request, max_tokens, tools: [ADD] });
    expect(answer.usage.input_tokens).toBe(counted.input_tokens);
  });

  test('a stream gives the same words and usage as the JSON answer, one token an event', async () => {
    const whole = await client.messages.create(ask('Grüße, 世界 🌍'));
    const stream = client.messages.stream(ask('Grüße, 世界 🌍'));
    const words: string[] = [];
    stream.on('text', (delta) => words.push(delta));
    const final = await stream.finalMessage();
    expect(final.content).toMatchObject(whole.content);
    expect(final.stop_reason).toBe('end_turn');
    expect(final.usage).toMatchObject({
      input_tokens: whole.usage.input_tokens,
      output_tokens: whole.usage.output_tokens,
    });
    expect(words).toHaveLength(whole.usage.output_tokens);
  });

  test('a named tool is called, and its result told', async () => {
    const request = ask('call add with {"a": 1, "b": 2}');
    const first = await client.messages.create({ ...request, tools: [ADD] });
    expect(first.stop_reason).toBe('tool_use');
    const [call] = first.content;
    if (call?.type !== 'tool_use') throw new Error('no call');
    expect(call).toMatchObject({ name: 'add', input: { a: 1, b: 2 } });
    const second = await client.messages.create({
      ...request,
      tools: [ADD],
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: '3' }] },
            { type: 'text', text: 'You can always add more.' },
          ],
        },
      ],
    });
    expect(second.content).toMatchObject([{ type: 'text', text: 'The tool returned: 3' }]);
  });

  test('a streamed tool call comes in pieces that the SDK puts together', async () => {
    const stream = client.messages.stream({ ...ask('please add 20 and 22'), tools: [ADD] });
    const pieces: string[] = [];
    stream.on('inputJson', (piece) => pieces.push(piece));
    const final = await stream.finalMessage();
    expect(final.stop_reason).toBe('tool_use');
    expect(final.content).toMatchObject([{ type: 'tool_use', name: 'add', input: { a: 20, b: 22 } }]);
    expect(pieces.length).toBeGreaterThan(1);
  });

  test.each([
    [{ type: 'any' }, 'tool_use'],
    [{ type: 'tool', name: 'add' }, 'tool_use'],
    [{ type: 'none' }, 'end_turn'],
    [{ type: 'auto' }, 'end_turn'],
  ] as const)('tool_choice %j is obeyed', async (tool_choice, reason) => {
    const content = tool_choice.type === 'none' ? 'call add' : 'Good morning';
    const answer = await client.messages.create({ ...ask(content), tools: [ADD], tool_choice });
    expect(answer.stop_reason).toBe(reason);
  });

  test('max_tokens is the most that is said', async () => {
    const answer = await client.messages.create({ ...ask('Say much'), max_tokens: 2 });
    expect(answer.stop_reason).toBe('max_tokens');
    expect(answer.usage.output_tokens).toBe(2);
  });

  test('a stop sequence ends the answer before it, and is named', async () => {
    const answer = await client.messages.create({ ...ask('Hi'), stop_sequences: ['nowhere', 'You said'] });
    expect(answer).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'You said' });
    expect(answer.content).toMatchObject([{ text: 'Hello from demo-small. ' }]);
  });

  test.each([
    ['no max_tokens', { max_tokens: undefined }, { status: 400, type: 'invalid_request_error' }],
    ['an unknown model', { model: 'claude-none' }, { status: 404, type: 'not_found_error' }],
    [
      'an unknown role',
      { messages: [{ role: 'robot', content: 'x' }] },
      { status: 400, type: 'invalid_request_error' },
    ],
  ])('%s is refused as Anthropic refuses', async (_, fields, expected) => {
    const refused = await client.messages.create({ ...ask('x'), ...fields } as never).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject(expected);
  });
});
