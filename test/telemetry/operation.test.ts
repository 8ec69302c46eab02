import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/core/access.ts';
import type { Call, Dialect } from '../../src/core/call.ts';
import { httpMethod, mcpMethod, operationName, routeTemplate } from '../../src/telemetry/operation.ts';
import { chatCall, toolCall } from './calls.ts';

function callOf(dialect: Dialect, action: Action, name = 'm'): Call {
  const { access } = chatCall();
  return chatCall({
    dialect,
    access: { ...access, action, resource: { kind: 'model', upstream: 'u', name } },
    model: name,
  });
}

describe('what telemetry calls a request', () => {
  test.each([
    [callOf('openai-chat', 'model.generate'), '/v1/chat/completions', 'chat m'],
    [callOf('openai-embeddings', 'model.embed'), '/v1/embeddings', 'embeddings m'],
    [callOf('openai-responses', 'model.generate'), '/v1/responses', 'chat m'],
    [callOf('openai-models', 'model.list', ''), '/v1/models', 'list_models'],
    [callOf('openai-models', 'model.list'), '/v1/models/{model}', 'list_models m'],
    [callOf('anthropic', 'model.generate'), '/v1/messages', 'chat m'],
    [callOf('anthropic', 'model.count'), '/v1/messages/count_tokens', 'count_tokens m'],
    [callOf('anthropic', 'model.list', ''), '/v1/models', 'list_models'],
    [callOf('openai-chat', 'http.request', ''), '/v1/chat/completions', 'POST'],
    [toolCall(), '/mcp/{route}', 'tools/call create_issue'],
    [
      toolCall({
        rpc: { id: '1', method: 'resources/read', revision: undefined },
        access: { ...toolCall().access, action: 'resource.read' },
      }),
      '/mcp/{route}',
      'resources/read',
    ],
  ])('%#', (call, template, name) => {
    expect([routeTemplate(call), operationName(call)]).toEqual([template, name]);
  });

  test('methods that nobody defined are one', () => {
    expect([httpMethod('POST'), httpMethod('BREW')]).toEqual(['POST', '_OTHER']);
    expect([mcpMethod('tools/list'), mcpMethod('x'.repeat(999))]).toEqual(['tools/list', '_OTHER']);
  });
});
