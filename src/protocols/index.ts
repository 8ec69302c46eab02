// The wire dialects. Each knows how its clients and providers speak; nothing outside this folder does.
// INVARIANT: pure – no I/O, no clock, no randomness; the bytes that leave are the client's own but for the listed splices.
// INVARIANT: a method and path that are not in the table below are no operation, and an unknown operation is refused.
import type { Dialect, ProtocolName } from '../core/call.ts';
import { isHttpMethod } from '../core/operation.ts';
import { anthropic } from './anthropic.ts';
import { http } from './http.ts';
import { mcp } from './mcp.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiModels } from './openai-models.ts';
import { openaiResponses } from './openai-responses.ts';
import type { Protocol } from './protocol.ts';

export const PROTOCOLS: Readonly<Record<Dialect, Protocol>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-models': openaiModels,
  anthropic,
  mcp,
  http,
};

/** `METHOD path` of each operation with a fixed path. What plain HTTP APIs have, the config says. */
const OPERATIONS: Readonly<Record<Exclude<ProtocolName, 'http'>, ReadonlyMap<string, Dialect>>> = {
  openai: new Map([
    ['POST /chat/completions', 'openai-chat'],
    ['POST /responses', 'openai-responses'],
    ['GET /models', 'openai-models'],
  ]),
  anthropic: new Map([
    ['POST /messages', 'anthropic'],
    ['POST /messages/count_tokens', 'anthropic'],
    ['GET /models', 'anthropic'],
  ]),
  mcp: new Map([
    ['POST ', 'mcp'],
    ['GET ', 'mcp'],
    ['DELETE ', 'mcp'],
  ]),
};

/** The dialect of an operation, by its path below the route's base, e.g. `/chat/completions`; undefined for an unknown one. */
export function dialectOf(protocol: ProtocolName, method: string, path: string): Dialect | undefined {
  if (protocol === 'http') return isHttpMethod(method) ? 'http' : undefined;
  const known = OPERATIONS[protocol].get(`${method} ${path}`);
  if (known || protocol === 'mcp' || method !== 'GET' || !/^\/models\/./.test(path)) return known;
  return protocol === 'openai' ? 'openai-models' : 'anthropic';
}
