// How a member speaks with models: the SDKs of OpenAI and Anthropic, as anybody would use them.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Credential } from './lineage.ts';

const MODEL = 'demo-small';
/** Of what says that it may be tried again: a swarm outlives a moment in which its machine is busy. */
const RETRIES = 5;
const TOKENS_MAX = 1_000;
export const TOOL = 'echo';
const ABOUT = 'Returns the message it was given.';
const SCHEMA = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] } as const;

/** A tool that a model asked for, and what came of it. */
export interface ToolUse {
  readonly id: string;
  readonly args: { readonly message: string };
}

export interface Mouth {
  ask(prompt: string): Promise<ToolUse>;
  report(prompt: string, tool: ToolUse, result: string): Promise<string>;
  write(prompt: string): Promise<() => Promise<void>>;
}

export function openai(url: string, { token, headers }: Credential): Mouth {
  const { completions } = new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: token,
    maxRetries: RETRIES,
    defaultHeaders: headers,
  }).chat;
  const tools = [
    { type: 'function' as const, function: { name: TOOL, description: ABOUT, parameters: { ...SCHEMA } } },
  ];
  const shared = { model: MODEL, max_tokens: TOKENS_MAX, tools };
  return {
    async ask(prompt) {
      const answer = await completions.create({ ...shared, messages: [{ role: 'user', content: prompt }] });
      const [call] = answer.choices[0]?.message.tool_calls ?? [];
      if (call?.type !== 'function') throw new Error('the model named no tool');
      return { id: call.id, args: JSON.parse(call.function.arguments) as ToolUse['args'] };
    },
    async report(prompt, { id, args }, result) {
      const used = { id, type: 'function' as const, function: { name: TOOL, arguments: JSON.stringify(args) } };
      const stream = await completions.create({
        ...shared,
        stream: true,
        messages: [
          { role: 'user', content: prompt },
          { role: 'assistant', tool_calls: [used] },
          { role: 'tool', tool_call_id: id, content: result },
        ],
      });
      let text = '';
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
      return text;
    },
    async write(prompt) {
      const messages = [{ role: 'user' as const, content: prompt }];
      const stream = await completions.create({ ...shared, messages, stream: true });
      return drainOf(stream);
    },
  };
}

export function anthropic(url: string, { token, headers }: Credential): Mouth {
  const { messages } = new Anthropic({
    baseURL: url,
    apiKey: null,
    authToken: token,
    maxRetries: RETRIES,
    defaultHeaders: headers,
  });
  const tools = [{ name: TOOL, description: ABOUT, input_schema: { ...SCHEMA, required: [...SCHEMA.required] } }];
  const shared = { model: MODEL, max_tokens: TOKENS_MAX, tools };
  return {
    async ask(prompt) {
      const answer = await messages.create({ ...shared, messages: [{ role: 'user', content: prompt }] });
      const call = answer.content.find((block) => block.type === 'tool_use');
      if (!call) throw new Error('the model named no tool');
      return { id: call.id, args: call.input as ToolUse['args'] };
    },
    async report(prompt, { id, args }, result) {
      const answer = await messages.create({
        ...shared,
        messages: [
          { role: 'user', content: prompt },
          { role: 'assistant', content: [{ type: 'tool_use', id, name: TOOL, input: args }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: result }] },
        ],
      });
      return answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    },
    async write(prompt) {
      const stream = await messages.create({
        ...shared,
        messages: [{ role: 'user', content: prompt }],
        stream: true,
      });
      return drainOf(stream);
    },
  };
}

/** Waits for the first piece; what is given reads the others. */
async function drainOf(stream: AsyncIterable<unknown>): Promise<() => Promise<void>> {
  const pieces = stream[Symbol.asyncIterator]();
  await pieces.next();
  return async () => {
    while (!(await pieces.next()).done);
  };
}
