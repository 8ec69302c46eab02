import { describe, expect, test } from 'vitest';
import { filledIn, routeSchema, upstreamSchema } from '../../src/upstreams/schema.ts';

const OPENAI = { protocol: 'openai', url: 'https://api.openai.com/v1' };

function faults(schema: typeof upstreamSchema | typeof routeSchema, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('an upstream in the config', () => {
  test('needs a protocol and an address; the rest has defaults fit for long thinking', () => {
    expect(filledIn(upstreamSchema).parse(OPENAI)).toMatchObject({
      ...OPENAI,
      models: ['*'],
      timeouts: { connectMs: 5_000, headersMs: 900_000, idleMs: 600_000 },
      connections: 1_024,
    });
  });

  test.each(['ftp://h', 'api.openai.com', 'https://user:secret@h/v1', 'https://h/v1?x=1', 'https://h/v1#x', ''])(
    'the address `%s` is refused',
    (url) => {
      expect(faults(upstreamSchema, { ...OPENAI, url })).not.toEqual([]);
    },
  );

  test('keeps the slash at the end of its address', () => {
    expect(upstreamSchema.parse({ protocol: 'mcp', url: 'http://127.0.0.1:1/mcp/' }).url).toBe(
      'http://127.0.0.1:1/mcp/',
    );
  });

  test('refers to its credential, in a short form or a long one, and never holds it', () => {
    expect(upstreamSchema.parse({ ...OPENAI, credential: 'env:OPENAI_API_KEY' }).credential).toBe('env:OPENAI_API_KEY');
    expect(upstreamSchema.parse({ ...OPENAI, credential: { value: 'file:/run/key' } }).credential).toEqual({
      value: 'file:/run/key',
      header: 'authorization',
      scheme: 'Bearer',
    });
    for (const credential of ['sk-live-SECRET', { value: 'sk-live-SECRET' }]) {
      const said = faults(upstreamSchema, { ...OPENAI, credential });
      expect(said).not.toEqual([]);
      expect(said.join()).not.toContain('SECRET');
    }
  });

  test.each(['host', 'content-length', 'transfer-encoding', 'connection', 'accept-encoding', 'X-Key', 'a b'])(
    'a credential cannot travel in `%s`',
    (header) => {
      expect(faults(upstreamSchema, { ...OPENAI, credential: { value: 'env:K', header } })).not.toEqual([]);
    },
  );

  test.each(['Bear er', 'Bearer\r\nx:'])('a scheme is one word, not `%s`', (scheme) => {
    expect(faults(upstreamSchema, { ...OPENAI, credential: { value: 'env:K', scheme } })).not.toEqual([]);
  });

  test('an unknown field is refused', () => {
    expect(faults(upstreamSchema, { ...OPENAI, base_url: 'x' })).toEqual([expect.stringContaining('base_url')]);
  });
});

describe('a route in the config', () => {
  const route = { path: '/team-a/v1', protocol: 'openai', upstreams: ['a', 'b'] };

  test('has a path of its own and leads to upstreams', () => {
    expect(routeSchema.parse(route)).toEqual(route);
    for (const path of ['team', '/', '/a//b', '/a/', '/a b', '/a%20', '/a?b']) {
      expect(faults(routeSchema, { ...route, path }), path).not.toEqual([]);
    }
    expect(faults(routeSchema, { ...route, upstreams: [] })).not.toEqual([]);
  });

  test('of MCP leads to one server', () => {
    expect(faults(routeSchema, { ...route, path: '/tools', protocol: 'mcp' })).toEqual([
      'upstreams: expected one upstream: a route of MCP or HTTP leads to one server',
    ]);
    expect(faults(routeSchema, { ...route, path: '/tools', protocol: 'mcp', upstreams: ['a'] })).toEqual([]);
  });
});
