import { afterEach, describe, expect, test } from 'vitest';
import { openUpstream, type Upstream, type UpstreamSource } from '../../src/upstreams/upstream.ts';
import { ONCE, TIMEOUTS } from './calling.ts';

const opened: Upstream[] = [];
afterEach(() => Promise.all(opened.splice(0).map(({ pool }) => pool.destroy())));

function open(change: Partial<UpstreamSource>): Upstream {
  const source = {
    name: 'up',
    url: 'http://127.0.0.1:1',
    credential: undefined,
    timeouts: TIMEOUTS,
    connections: 1,
    ...ONCE,
  };
  const upstream = openUpstream({ ...source, ...change });
  opened.push(upstream);
  return upstream;
}

describe('an upstream', () => {
  test.each([
    ['https://api.openai.com/v1', '/v1', '/v1', 'api.openai.com'],
    ['https://api.openai.com/v1/', '/v1/', '/v1', 'api.openai.com'],
    ['https://api.anthropic.com', '/', '', 'api.anthropic.com'],
    ['http://127.0.0.1:8080/mcp/', '/mcp/', '/mcp', '127.0.0.1:8080'],
  ])('at %s has its endpoint, its base path and its host', (url, endpoint, basePath, host) => {
    expect(open({ url })).toMatchObject({ endpoint, basePath, host });
  });

  test('shows its credential in its own field, behind its scheme where it has one', () => {
    const value = 'sk-0123456789abcdef';
    expect(open({ credential: { header: 'authorization', scheme: 'Bearer', value } }).credential).toEqual({
      authorization: `Bearer ${value}`,
    });
    expect(open({ credential: { header: 'x-api-key', scheme: '', value } }).credential).toEqual({ 'x-api-key': value });
    expect(open({}).credential).toEqual({});
  });

  test('has a secret to mask, unless the value is a placeholder that answers may contain as a word', () => {
    const value = 'sk-0123456789abcdef';
    const real = open({ credential: { header: 'authorization', scheme: 'Bearer', value } });
    expect(real).toMatchObject({ secret: value, secretBytes: Buffer.from(value) });
    const placeholder = open({ credential: { header: 'authorization', scheme: 'Bearer', value: 'ollama' } });
    expect(placeholder).toMatchObject({ secret: undefined, secretBytes: undefined });
    expect(placeholder.credential).toEqual({ authorization: 'Bearer ollama' });
    expect(open({}).secret).toBeUndefined();
  });
});
