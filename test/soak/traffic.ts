// What the load is made of: every way through the gateway that an agent takes, in the shares of a busy day, and clients that
// misbehave.
import type { Ask, Told } from './client.ts';

/** Who asks. */
export interface Caller {
  readonly bearer: string;
  readonly session: string;
}

export interface Kind {
  readonly name: string;
  /** Of 1,000 calls. */
  readonly share: number;
  /** Calls made at the same moment; one unless said. */
  readonly atOnce?: number;
  /** Whether it is one of the faults. */
  readonly isFault?: true;
  readonly ask: (caller: Caller) => Ask;
  /** Whether this is what has to come, where no fault meets it. */
  readonly isRight: (told: Told) => boolean;
}

const WORDS = 'the quick brown fox jumps over the lazy dog and then thinks about what it has done ';
/** Beyond what is read on the main thread. */
const LARGE_CHARS = 600 * 1_024;

const openai = ({ bearer, session }: Caller): Ask['headers'] => ({
  authorization: `Bearer ${bearer}`,
  'content-type': 'application/json',
  'x-session-id': session,
});
const anthropic = ({ bearer, session }: Caller): Ask['headers'] => ({
  'x-api-key': bearer,
  'anthropic-version': '2023-06-01',
  'content-type': 'application/json',
  'x-session-id': session,
});
const mcp = (caller: Caller): Ask['headers'] => ({
  ...openai(caller),
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-06-18',
});

function chat(model: string, more: object = {}, content = WORDS): (caller: Caller) => Ask {
  const body = JSON.stringify({ model, max_tokens: 100, messages: [{ role: 'user', content }], ...more });
  return (caller) => ({ path: '/v1/chat/completions', headers: openai(caller), body });
}

function messages(more: object = {}): (caller: Caller) => Ask {
  const body = JSON.stringify({
    model: 'demo-small',
    max_tokens: 100,
    messages: [{ role: 'user', content: WORDS }],
    ...more,
  });
  return (caller) => ({ path: '/v1/messages', headers: anthropic(caller), body });
}

let rpc = 0;
function tool(method: string, params: object = {}): (caller: Caller) => Ask {
  return (caller) => {
    rpc += 1;
    const body = JSON.stringify({ jsonrpc: '2.0', id: rpc, method, params });
    return { path: '/mcp/notes', headers: mcp(caller), body };
  };
}

const says = (status: number, words: string) => (told: Told) =>
  told.status === status && told.whole && told.text.includes(words);

export const refusedChat = chat('demo-large');

/** Shares add up to 1,000. */
export const KINDS: readonly Kind[] = [
  { name: 'chat', share: 230, ask: chat('demo-small'), isRight: says(200, '"chat.completion"') },
  { name: 'chat stream', share: 180, ask: chat('demo-small', { stream: true }), isRight: says(200, '[DONE]') },
  { name: 'messages', share: 90, ask: messages(), isRight: says(200, '"end_turn"') },
  { name: 'messages stream', share: 80, ask: messages({ stream: true }), isRight: says(200, 'message_stop') },
  { name: 'tools/list', share: 50, ask: tool('tools/list'), isRight: says(200, 'search_notes') },
  {
    name: 'tools/call',
    share: 110,
    ask: tool('tools/call', { name: 'search_notes', arguments: { query: 'a' } }),
    isRight: says(200, '"content"'),
  },
  {
    name: 'tool that waits',
    share: 8,
    atOnce: 6,
    ask: tool('tools/call', { name: 'add', arguments: { a: 2, b: 3 } }),
    isRight: says(200, '"content"'),
  },
  {
    name: 'tool denied',
    share: 20,
    ask: tool('tools/call', { name: 'delete_note', arguments: { id: '1' } }),
    isRight: says(200, 'soak/no-delete'),
  },
  { name: 'model denied', share: 40, ask: refusedChat, isRight: says(403, 'soak/no-large') },
  {
    name: 'nobody',
    share: 10,
    ask: (caller) => chat('demo-small')({ ...caller, bearer: 'none' }),
    isRight: says(401, ''),
  },
  {
    name: 'stream left',
    share: 50,
    ask: (caller) => ({ ...chat('demo-small', { stream: true })(caller), manner: 'leaves' }),
    isRight: ({ status }) => status === 200,
  },
  {
    name: 'large',
    share: 9,
    ask: chat('demo-small', {}, WORDS.repeat(LARGE_CHARS / WORDS.length)),
    isRight: says(200, 'chat.completion'),
  },
  {
    name: 'http get',
    share: 80,
    ask: (caller) => ({ method: 'GET', path: '/http/tickets/issues/7?state=open', headers: openai(caller) }),
    isRight: says(200, '"issue"'),
  },
  {
    name: 'http post',
    share: 40,
    ask: (caller) => ({ path: '/http/tickets/issues', headers: openai(caller), body: '{"title":"It is broken"}' }),
    isRight: says(200, '"issue"'),
  },
  {
    name: 'malformed',
    share: 1,
    isFault: true,
    ask: (caller) => ({
      path: '/v1/chat/completions',
      headers: openai(caller),
      body: '{"model":"demo-small","model":"demo-large"',
    }),
    isRight: says(400, ''),
  },
  {
    name: 'upload torn',
    share: 1,
    isFault: true,
    ask: (caller) => ({ ...chat('demo-small')(caller), manner: 'tears' }),
    isRight: ({ status }) => status === 0,
  },
  {
    name: 'upload slow',
    share: 1,
    isFault: true,
    ask: (caller) => ({ ...chat('demo-small')(caller), manner: 'dawdles' }),
    isRight: says(200, 'chat.completion'),
  },
];

/** How often an upstream fails, so that all faults together are 1 % of the calls. Refused calls never reach one. */
export const UPSTREAM_FAULT_SHARE = 0.0075;
