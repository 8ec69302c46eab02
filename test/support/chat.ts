// A chat call by hand, and an upstream that answers it: for tests that look at bytes, headers and faults.
import type { ServerResponse } from 'node:http';
import { json, type Received } from './upstream.ts';

export const CHAT = { model: 'small', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] };

/** Costs 10 × 1 + 5 × 4 = 30 micro-USD at the prices of `CHAT_UPSTREAM`. */
export const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
};

export const chatUpstream = (url: string) => ({
  protocol: 'openai',
  url: `${url}/v1`,
  credential: 'env:UPSTREAM_KEY',
  prices: { '*': { input: 1, output: 4 } },
});

export function completion(_: Received, response: ServerResponse): void {
  json(response, COMPLETION);
}

export const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'small', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

export function postChat(url: string, bearer: string, body: unknown = CHAT, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });
}
