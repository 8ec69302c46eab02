import type { Action } from '../core/access.ts';
import type { Call, Dialect } from '../core/call.ts';

/** What spans and metrics call a request. Every text here comes from a closed list. */

/** Path templates as `http.route`: never the raw path. */
const TEMPLATES: Record<Dialect, Partial<Record<Action, string>> & { readonly other: string }> = {
  'openai-chat': { 'model.embed': '/v1/embeddings', other: '/v1/chat/completions' },
  'openai-responses': { other: '/v1/responses' },
  'openai-models': { other: '/v1/models' },
  anthropic: { 'model.count': '/v1/messages/count_tokens', 'model.list': '/v1/models', other: '/v1/messages' },
  mcp: { other: '/mcp/{route}' },
  http: { other: '/http/{route}' },
};

export function routeTemplate(call: Call): string {
  const { action, resource } = call.access;
  const templates = TEMPLATES[call.dialect];
  const template = templates[action] ?? templates.other;
  return action === 'model.list' && resource.name !== '' ? `${template}/{model}` : template;
}

const GENAI_OPERATIONS: Partial<Record<Action, string>> = {
  'model.generate': 'chat',
  'model.embed': 'embeddings',
  'model.count': 'count_tokens',
  'model.list': 'list_models',
  'tool.call': 'execute_tool',
};

/** `gen_ai.operation.name`, where the call has one. */
export function genaiOperation(action: Action): string | undefined {
  return GENAI_OPERATIONS[action];
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
  return joined(genaiOperation(action) ?? httpMethod(call.method), call.model);
}

function joined(operation: string, target: string): string {
  return target === '' ? operation : `${operation} ${target}`;
}
