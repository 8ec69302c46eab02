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

function objectCall(dialect: Dialect, name: string): Call {
  const { access } = chatCall();
  const resource = { kind: 'object', upstream: 'u', name } as const;
  return chatCall({ dialect, access: { ...access, action: 'object.read', resource }, model: '' });
}

describe('what telemetry calls a request', () => {
  test.each([
    [callOf('openai-chat', 'model.generate'), '/v1/chat/completions', 'chat m'],
    [callOf('openai-embeddings', 'model.embed'), '/v1/embeddings', 'embeddings m'],
    [callOf('openai-completions', 'model.generate'), '/v1/completions', 'chat m'],
    [callOf('openai-media', 'model.image'), '/v1/images/{operation}', 'POST m'],
    [callOf('openai-media', 'model.speech'), '/v1/audio/speech', 'POST m'],
    [callOf('openai-media', 'model.transcribe'), '/v1/audio/{operation}', 'POST m'],
    [callOf('openai-media', 'model.moderate'), '/v1/moderations', 'POST m'],
    [objectCall('openai-objects', 'files/file-1/content'), '/v1/files/{id}/content', 'POST'],
    [objectCall('openai-objects', 'batches'), '/v1/batches', 'POST'],
    [objectCall('anthropic-objects', 'messages/batches/b_1/results'), '/v1/messages/batches/{id}/results', 'POST'],
    [callOf('anthropic-batches', 'model.batch'), '/v1/messages/batches', 'POST m'],
    [callOf('openai-responses', 'model.generate'), '/v1/responses', 'chat m'],
    [callOf('openai-models', 'model.list', ''), '/v1/models', 'list_models'],
    [callOf('openai-models', 'model.list'), '/v1/models/{model}', 'list_models m'],
    [callOf('anthropic', 'model.generate'), '/v1/messages', 'chat m'],
    [callOf('anthropic', 'model.count'), '/v1/messages/count_tokens', 'count_tokens m'],
    [callOf('anthropic', 'model.list', ''), '/v1/models', 'list_models'],
    [callOf('gemini', 'model.generate'), '/v1beta/models/{model}:generateContent', 'generate_content m'],
    [
      { ...callOf('gemini', 'model.generate'), stream: true },
      '/v1beta/models/{model}:streamGenerateContent',
      'generate_content m',
    ],
    [{ ...callOf('openai-chat', 'model.generate'), stream: true }, '/v1/chat/completions', 'chat m'],
    [callOf('gemini', 'model.count'), '/v1beta/models/{model}:countTokens', 'count_tokens m'],
    [callOf('gemini', 'model.embed'), '/v1beta/models/{model}:embedContent', 'embeddings m'],
    [callOf('gemini', 'model.list', ''), '/v1beta/models', 'list_models'],
    [callOf('gemini', 'model.list'), '/v1beta/models/{model}', 'list_models m'],
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
