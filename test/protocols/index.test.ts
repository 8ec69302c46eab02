import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/core/call.ts';
import { dialectOf, PROTOCOLS } from '../../src/protocols/index.ts';

describe('dialectOf', () => {
  test.each([
    ['openai', 'POST', '/chat/completions', 'openai-chat'],
    ['openai', 'POST', '/responses', 'openai-responses'],
    ['openai', 'POST', '/embeddings', 'openai-embeddings'],
    ['openai', 'GET', '/models', 'openai-models'],
    ['openai', 'GET', '/models/gpt-5', 'openai-models'],
    ['openai', 'GET', '/models/meta-llama/Llama-3', 'openai-models'],
    ['anthropic', 'POST', '/messages', 'anthropic'],
    ['anthropic', 'POST', '/messages/count_tokens', 'anthropic'],
    ['anthropic', 'GET', '/models', 'anthropic'],
    ['anthropic', 'GET', '/models/claude-opus-4-5', 'anthropic'],
    ['openai', 'POST', '/completions', 'openai-completions'],
    ['openai', 'POST', '/images/edits', 'openai-media'],
    ['openai', 'POST', '/audio/speech', 'openai-media'],
    ['openai', 'POST', '/moderations', 'openai-media'],
    ['openai', 'POST', '/files', 'openai-objects'],
    ['openai', 'GET', '/files/file-1/content', 'openai-objects'],
    ['openai', 'POST', '/uploads/upload_1/parts', 'openai-objects'],
    ['openai', 'POST', '/batches', 'openai-objects'],
    ['openai', 'DELETE', '/responses/resp_1', 'openai-objects'],
    ['anthropic', 'POST', '/messages/batches', 'anthropic-batches'],
    ['anthropic', 'GET', '/messages/batches/msgbatch_1/results', 'anthropic-objects'],
    ['anthropic', 'DELETE', '/files/file_1', 'anthropic-objects'],
    ['mcp', 'POST', '', 'mcp'],
    ['mcp', 'GET', '', 'mcp'],
    ['mcp', 'DELETE', '', 'mcp'],
  ] as const)('%s %s %s is %s', (protocol, method, path, dialect) => {
    expect(dialectOf(protocol, method, path)).toBe(dialect);
  });

  test.each([
    ['openai', 'GET', '/chat/completions'],
    ['openai', 'POST', '/models'],
    ['openai', 'DELETE', '/models/gpt-5'],
    ['openai', 'GET', '/models/'],
    ['openai', 'PUT', '/responses/resp_1'],
    ['openai', 'GET', '/files/{id}'],
    ['openai', 'GET', '/files/..'],
    ['openai', 'GET', '/files/a.b'],
    ['openai', 'GET', '/files/a/b/content'],
    ['openai', 'POST', '/files/file-1'],
    ['openai', 'POST', '/files/file-1/content'],
    ['openai', 'GET', '/messages/batches/b_1'],
    ['openai', 'POST', '/responses/resp_1'],
    ['openai', 'POST', '/vector_stores'],
    ['openai', 'POST', '/fine_tuning/jobs'],
    ['anthropic', 'POST', '/messages/batches/b_1'],
    ['anthropic', 'GET', '/batches/b_1'],
    ['mcp', 'GET', '/files/file-1'],
    ['openai', 'POST', '/messages'],
    ['openai', 'POST', '/chat/completions/'],
    ['openai', 'HEAD', '/models'],
    ['anthropic', 'POST', '/chat/completions'],
    ['mcp', 'PUT', ''],
    ['mcp', 'POST', '/sse'],
    ['mcp', 'GET', '/models/x'],
  ] as const)('%s %s %s is nothing', (protocol, method, path) => {
    expect(dialectOf(protocol, method, path)).toBeUndefined();
  });

  test('every dialect has its protocol, under its own name', () => {
    expect(DIALECTS.map((dialect) => PROTOCOLS[dialect].dialect)).toEqual(DIALECTS);
  });
});
