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

const ADD: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'add',
  strict: true,
  parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
};

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe('responses, with the openai SDK', () => {
  test('an answer repeats what was asked, and its usage adds up', async () => {
    const answer = await client.responses.create({
      model: 'demo-small',
      instructions: 'Be kind.',
      input: 'How are you?',
    });
    expect(answer).toMatchObject({ object: 'response', status: 'completed', model: 'demo-small', store: false });
    expect(answer.output_text).toContain('How are you?');
    expect(answer.usage?.total_tokens).toBe((answer.usage?.input_tokens ?? 0) + (answer.usage?.output_tokens ?? 0));
  });

  test('a stream has numbered events, begins open and ends as the JSON answer does', async () => {
    const request = { model: 'demo-small', input: 'Tell me' } as const;
    const whole = await client.responses.create(request);
    const stream = client.responses.stream(request);
    const events = await collect(stream);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.map(({ type }) => type).filter((type) => type !== 'response.output_text.delta')).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const created = events.find((event) => event.type === 'response.created');
    expect(created?.response).toMatchObject({ status: 'in_progress', output: [], usage: null });
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    expect(deltas.map(({ delta }) => delta).join('')).toBe(whole.output_text);
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(whole.output_text);
    expect(final.usage).toEqual(whole.usage);
    expect(deltas).toHaveLength(final.usage?.output_tokens ?? -1);
  });

  test('a named tool is called, and its result told', async () => {
    const input: OpenAI.Responses.ResponseInputItem[] = [
      { role: 'user', content: [{ type: 'input_text', text: 'add 4 and 5' }] },
    ];
    const first = await client.responses.create({ model: 'demo-large', input, tools: [ADD] });
    const [call] = first.output;
    if (call?.type !== 'function_call') throw new Error('no call');
    expect(call).toMatchObject({ name: 'add', arguments: '{"a":4,"b":5}', status: 'completed' });
    const result = { type: 'function_call_output', call_id: call.call_id, output: '9' } as const;
    const second = await client.responses.create({
      model: 'demo-large',
      input: [...input, call, result],
      tools: [ADD],
    });
    expect(second.output_text).toBe('The tool returned: 9');
  });

  test('a streamed tool call comes in pieces that the SDK puts together', async () => {
    const stream = client.responses.stream({ model: 'demo-small', input: 'call add with {"a":1,"b":2}', tools: [ADD] });
    const pieces: string[] = [];
    stream.on('response.function_call_arguments.delta', ({ delta }) => pieces.push(delta));
    const final = await stream.finalResponse();
    expect(final.output[0]).toMatchObject({ type: 'function_call', name: 'add', arguments: '{"a":1,"b":2}' });
    expect(pieces.join('')).toBe('{"a":1,"b":2}');
    expect(pieces.length).toBeGreaterThan(1);
  });

  test('an answer that was cut is incomplete, and says why', async () => {
    const request = { model: 'demo-small', input: 'Say much', max_output_tokens: 2 } as const;
    const answer = await client.responses.create(request);
    expect(answer.status).toBe('incomplete');
    expect(answer.incomplete_details).toEqual({ reason: 'max_output_tokens' });
    expect(answer.usage?.output_tokens).toBe(2);
    const events = await collect(await client.responses.create({ ...request, stream: true }));
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete' } });
  });

  test.each([
    ['a response to continue', { previous_response_id: 'resp_1' }, { status: 400, param: 'previous_response_id' }],
    ['an unknown model', { model: 'none' }, { status: 404, param: 'model', code: 'model_not_found' }],
    ['no input', { input: undefined }, { status: 400, param: 'input' }],
  ])('%s is refused as OpenAI refuses', async (_, fields, expected) => {
    const request = { model: 'demo-small', input: 'x', ...fields };
    const refused = await client.responses.create(request as never).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ type: 'invalid_request_error', ...expected });
  });
});
