import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

let gateway: DemoGateway;
let bearer: string;
let requests = 0;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  bearer = await token();
});
afterAll(() => gateway.stop());

function chat(model: string, useResponsesApi: boolean): ChatOpenAI {
  const counted: typeof fetch = (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  const configuration = { baseURL: `${gateway.waygate.url}/v1`, fetch: counted };
  return new ChatOpenAI({ model, apiKey: bearer, useResponsesApi, configuration });
}

const ADD = {
  type: 'function',
  function: {
    name: 'add',
    description: 'adds',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
  },
} as const;

describe.each([
  ['chat completions', false],
  ['responses', true],
])('LangChain over %s', (_, useResponsesApi) => {
  test('a message is answered, with its usage', async () => {
    const { text, usage_metadata: usage } = await chat('demo-small', useResponsesApi).invoke('hello');
    expect(text).toContain('hello');
    expect(usage).toMatchObject({ output_tokens: expect.any(Number) });
  });

  test('a stream arrives piece by piece', async () => {
    const arrivals: number[] = [];
    for await (const piece of await chat('demo-small', useResponsesApi).stream('tell me something long'))
      if (piece.text) arrivals.push(performance.now());
    expect(arrivals.length).toBeGreaterThan(2);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(5);
  });

  test('a tool is called and its result used', async () => {
    const model = chat('demo-small', useResponsesApi).bindTools([ADD]);
    const question = new HumanMessage('call add with {"a":1,"b":2}');
    const first = await model.invoke([question]);
    const [call] = first.tool_calls ?? [];
    expect(call).toMatchObject({ name: 'add', args: { a: 1, b: 2 } });
    const result = new ToolMessage({ content: '3', tool_call_id: call?.id ?? '' });
    expect((await model.invoke([question, first, result])).text).toContain('3');
  });

  test('a refusal reaches the caller after one request, with the rule and its reason', async () => {
    const before = requests;
    const error = await chat('demo-large', useResponsesApi)
      .invoke('x')
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
    const error = await chat('demo-large', useResponsesApi)
      .stream('x')
      .then(
        async (stream) => {
          for await (const _ of stream);
        },
        (thrown: unknown) => thrown,
      )
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('the large model is for people');
    expect(requests - before).toBe(1);
  });
});
