import type { Action } from '../core/access.ts';
import type { Call, Dialect } from '../core/call.ts';

/** What spans and metrics call a request. Every text here comes from a closed list. */

/** Path templates as `http.route`: never the raw path. */
type Templates = Partial<Record<Action, string>> & { readonly streamed?: string; readonly other: string };

const TEMPLATES: Readonly<Record<Dialect, Templates>> = {
  'openai-chat': { other: '/v1/chat/completions' },
  'openai-responses': { other: '/v1/responses' },
  'openai-models': { other: '/v1/models' },
  'openai-embeddings': { other: '/v1/embeddings' },
  'openai-completions': { other: '/v1/completions' },
  'openai-media': {
    'model.image': '/v1/images/{operation}',
    'model.speech': '/v1/audio/speech',
    'model.transcribe': '/v1/audio/{operation}',
    other: '/v1/moderations',
  },
  'openai-objects': { other: '/v1' },
  anthropic: { 'model.count': '/v1/messages/count_tokens', 'model.list': '/v1/models', other: '/v1/messages' },
  gemini: {
    'model.count': '/v1beta/models/{model}:countTokens',
    'model.embed': '/v1beta/models/{model}:embedContent',
    'model.list': '/v1beta/models',
    streamed: '/v1beta/models/{model}:streamGenerateContent',
    other: '/v1beta/models/{model}:generateContent',
  },
  'anthropic-batches': { other: '/v1/messages/batches' },
  'anthropic-objects': { other: '/v1' },
  mcp: { other: '/mcp/{route}' },
  http: { other: '/http/{route}' },
};

export function routeTemplate(call: Call): string {
  const { action, resource } = call.access;
  const templates = TEMPLATES[call.dialect];
  const template = (call.stream ? templates.streamed : undefined) ?? templates[action] ?? templates.other;
  if (resource.kind === 'object') return `${template}/${objectTemplate(resource.name)}`;
  return action === 'model.list' && resource.name !== '' ? `${template}/{model}` : template;
}

const OBJECT_WORDS = new Set([
  'files',
  'content',
  'uploads',
  'parts',
  'complete',
  'cancel',
  'batches',
  'responses',
  'input_items',
  'messages',
  'results',
]);

/** `files/{id}/content`: whatever is no word of these paths is an id. */
function objectTemplate(name: string): string {
  return name
    .split('/')
    .map((part) => (OBJECT_WORDS.has(part) ? part : '{id}'))
    .join('/');
}

const GENAI_OPERATIONS: Partial<Record<Action, string>> = {
  'model.generate': 'chat',
  'model.embed': 'embeddings',
  'model.count': 'count_tokens',
  'model.list': 'list_models',
  'tool.call': 'execute_tool',
};

/** `gen_ai.operation.name`, where the call has one. */
export function genaiOperation({ dialect, access: { action } }: Call): string | undefined {
  return dialect === 'gemini' && action === 'model.generate' ? 'generate_content' : GENAI_OPERATIONS[action];
}

const HTTP_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

/** `http.request.method`: methods that HTTP does not know are one (HTTP conventions, `_OTHER`). */
export function httpMethod(method: string): string {
  return HTTP_METHODS.has(method) ? method : '_OTHER';
}

const MCP_METHODS = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tools/call',
  'tools/list',
]);

/** `mcp.method.name`: methods that MCP does not know are one. */
export function mcpMethod(method: string): string {
  return MCP_METHODS.has(method) ? method : '_OTHER';
}

/** `chat gpt-5`, `tools/call create_issue`: what the CLIENT span, and for MCP the SERVER span too, is named. */
export function operationName(call: Call): string {
  const { action, resource } = call.access;
  if (call.rpc) {
    const target = action === 'tool.call' || action === 'prompt.get' ? resource.name : '';
    return joined(mcpMethod(call.rpc.method), target);
  }
  return joined(genaiOperation(call) ?? httpMethod(call.method), call.model);
}

function joined(operation: string, target: string): string {
  return target === '' ? operation : `${operation} ${target}`;
}
