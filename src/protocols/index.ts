// The wire dialects. Each knows how its clients and providers speak; nothing outside this folder does.
// INVARIANT: pure – no I/O, no clock, no randomness; the bytes that leave are the client's own but for the listed splices.
// INVARIANT: a method and path that are not in the table below are no operation, and an unknown operation is refused.
import type { Dialect, ProtocolName } from '../core/call.ts';
import { isHttpMethod } from '../core/operation.ts';
import { anthropic } from './anthropic.ts';
import { anthropicBatches } from './anthropic-batches.ts';
import { anthropicObjects } from './anthropic-objects.ts';
import { geminiOperation } from './gemini-operation.ts';
import { gemini } from './gemini.ts';
import { http } from './http.ts';
import { mcp } from './mcp.ts';
import { openaiChat } from './openai-chat.ts';
import { objectTemplate } from './object-request.ts';
import { openaiCompletions } from './openai-completions.ts';
import { openaiEmbeddings } from './openai-embeddings.ts';
import { openaiMedia } from './openai-media.ts';
import { openaiModels } from './openai-models.ts';
import { openaiObjects } from './openai-objects.ts';
import { openaiResponses } from './openai-responses.ts';
import type { Protocol } from './protocol.ts';

export const PROTOCOLS: Readonly<Record<Dialect, Protocol>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-models': openaiModels,
  'openai-embeddings': openaiEmbeddings,
  'openai-completions': openaiCompletions,
  'openai-media': openaiMedia,
  'openai-objects': openaiObjects,
  anthropic,
  'anthropic-batches': anthropicBatches,
  'anthropic-objects': anthropicObjects,
  gemini,
  mcp,
  http,
};

/** `METHOD path` of each operation with a fixed path. What plain HTTP APIs have, the config says. */
const OPERATIONS: Readonly<Record<Exclude<ProtocolName, 'gemini' | 'http'>, ReadonlyMap<string, Dialect>>> = {
  openai: new Map([
    ['POST /chat/completions', 'openai-chat'],
    ['POST /responses', 'openai-responses'],
    ['GET /models', 'openai-models'],
    ['POST /embeddings', 'openai-embeddings'],
    ['POST /completions', 'openai-completions'],
    ['POST /images/generations', 'openai-media'],
    ['POST /images/edits', 'openai-media'],
    ['POST /images/variations', 'openai-media'],
    ['POST /audio/speech', 'openai-media'],
    ['POST /audio/transcriptions', 'openai-media'],
    ['POST /audio/translations', 'openai-media'],
    ['POST /moderations', 'openai-media'],
    ['GET /files', 'openai-objects'],
    ['POST /files', 'openai-objects'],
    ['POST /uploads', 'openai-objects'],
    ['GET /batches', 'openai-objects'],
    ['POST /batches', 'openai-objects'],
  ]),
  anthropic: new Map([
    ['POST /messages', 'anthropic'],
    ['POST /messages/count_tokens', 'anthropic'],
    ['GET /models', 'anthropic'],
    ['GET /messages/batches', 'anthropic-objects'],
    ['POST /messages/batches', 'anthropic-batches'],
    ['GET /files', 'anthropic-objects'],
    ['POST /files', 'anthropic-objects'],
  ]),
  mcp: new Map([
    ['POST ', 'mcp'],
    ['GET ', 'mcp'],
    ['DELETE ', 'mcp'],
  ]),
};

/** `METHOD path` of each operation on one object of the upstream's account. */
const ON_OBJECTS: Readonly<Record<ProtocolName, ReadonlySet<string>>> = {
  openai: new Set([
    'GET /files/{id}',
    'DELETE /files/{id}',
    'GET /files/{id}/content',
    'POST /uploads/{id}/parts',
    'POST /uploads/{id}/complete',
    'POST /uploads/{id}/cancel',
    'GET /batches/{id}',
    'POST /batches/{id}/cancel',
    'GET /responses/{id}',
    'DELETE /responses/{id}',
    'POST /responses/{id}/cancel',
    'GET /responses/{id}/input_items',
  ]),
  anthropic: new Set([
    'GET /files/{id}',
    'DELETE /files/{id}',
    'GET /files/{id}/content',
    'GET /messages/batches/{id}',
    'DELETE /messages/batches/{id}',
    'POST /messages/batches/{id}/cancel',
    'GET /messages/batches/{id}/results',
  ]),
  gemini: new Set(),
  mcp: new Set(),
  http: new Set(),
};

/** The dialect of an operation, by its path below the route's base, e.g. `/chat/completions`; undefined for an unknown one. */
export function dialectOf(protocol: ProtocolName, method: string, path: string): Dialect | undefined {
  if (protocol === 'gemini') return geminiOperation(method, path) && 'gemini';
  if (protocol === 'http') return isHttpMethod(method) ? 'http' : undefined;
  const known = OPERATIONS[protocol].get(`${method} ${path}`);
  if (known || protocol === 'mcp') return known;
  if (method === 'GET' && /^\/models\/./.test(path)) return protocol === 'openai' ? 'openai-models' : 'anthropic';
  const template = objectTemplate(path);
  return template !== undefined && ON_OBJECTS[protocol].has(`${method} ${template}`)
    ? `${protocol}-objects`
    : undefined;
}
