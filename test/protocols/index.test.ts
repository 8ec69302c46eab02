import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/core/call.ts';
import { dialectOf, PROTOCOLS } from '../../src/protocols/index.ts';

describe('dialectOf', () => {
  test.each([
    ['openai', 'POST', '/chat/completions', 'openai-chat'],
    ['openai', 'POST', '/responses', 'openai-responses'],
    ['openai', 'GET', '/models', 'openai-models'],
    ['openai', 'GET', '/models/gpt-5', 'openai-models'],
    ['openai', 'GET', '/models/meta-llama/Llama-3', 'openai-models'],
    ['anthropic', 'POST', '/messages', 'anthropic'],
    ['anthropic', 'POST', '/messages/count_tokens', 'anthropic'],
    ['anthropic', 'GET', '/models', 'anthropic'],
    ['anthropic', 'GET', '/models/claude-opus-4-5', 'anthropic'],
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
    ['openai', 'GET', '/responses/resp_1'],
    ['openai', 'POST', '/embeddings'],
    ['openai', 'POST', '/messages'],
    ['openai', 'POST', '/files'],
    ['openai', 'POST', '/chat/completions/'],
    ['openai', 'HEAD', '/models'],
    ['anthropic', 'POST', '/messages/batches'],
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
