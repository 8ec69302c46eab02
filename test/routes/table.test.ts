import { describe, expect, test } from 'vitest';
import type { ProtocolName } from '../../src/core/call.ts';
import { defaultBodyBytes, routeTable, type RouteTable } from '../../src/routes/table.ts';

const UPSTREAMS: readonly (readonly [string, ProtocolName])[] = [
  ['openai', 'openai'],
  ['moonshot', 'openai'],
  ['anthropic', 'anthropic'],
  ['bedrock', 'anthropic'],
  ['gemini', 'gemini'],
  ['vertex', 'gemini'],
  ['github', 'mcp'],
  ['tickets', 'http'],
];
const table = routeTable({ upstreams: new Map(UPSTREAMS), extra: [] });
const VERSION = { 'anthropic-version': '2023-06-01' };

/** `route operation`, or the message of the refusal. */
function place(path: string, headers = {}, of: RouteTable = table): string {
  try {
    const { route, operation } = of.match(path, headers);
    return `${route.name} ${operation}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('base addresses', () => {
  test.each([
    ['/v1/chat/completions', 'all-openai /chat/completions'],
    ['/v1/responses', 'all-openai /responses'],
    ['/v1/models', 'all-openai /models'],
    ['/v1/models/gpt-5', 'all-openai /models/gpt-5'],
    ['/openai/v1/chat/completions', 'openai /chat/completions'],
    ['/moonshot/v1/chat/completions', 'moonshot /chat/completions'],
    ['/v1/messages', 'all-anthropic /messages'],
    ['/v1/messages/count_tokens', 'all-anthropic /messages/count_tokens'],
    ['/messages', 'all-anthropic /messages'],
    ['/messages/count_tokens', 'all-anthropic /messages/count_tokens'],
    ['/anthropic/v1/messages', 'anthropic /messages'],
    ['/anthropic/messages', 'anthropic /messages'],
    ['/anthropic/v1/models', 'anthropic /models'],
    ['/bedrock/v1/messages', 'bedrock /messages'],
    ['/bedrock/messages', 'bedrock /messages'],
    ['/v1beta/models', 'all-gemini /v1beta/models'],
    ['/v1beta/models/m:generateContent', 'all-gemini /v1beta/models/m:generateContent'],
    ['/v1beta/files', 'all-gemini /v1beta/files'],
    ['/v1/models/m:streamGenerateContent', 'all-gemini /v1/models/m:streamGenerateContent'],
    ['/v1/models/m:predict', 'all-openai /models/m:predict'],
    ['/v1/models/llama3:latest', 'all-openai /models/llama3:latest'],
    ['/gemini/v1beta/models/m:countTokens', 'gemini /v1beta/models/m:countTokens'],
    ['/gemini/v1/models', 'gemini /v1/models'],
    ['/vertex/v1beta/models', 'vertex /v1beta/models'],
    ['/v1/v1/chat/completions', 'all-openai /chat/completions'],
    ['/v1/v1/messages', 'all-anthropic /messages'],
    ['/moonshot/v1/v1/models/kimi', 'moonshot /models/kimi'],
    ['/anthropic/v1/v1/messages', 'anthropic /messages'],
    ['/mcp/github', 'github '],
    ['/mcp/github/', 'github '],
    ['/http/tickets', 'tickets /'],
    ['/http/tickets/', 'tickets /'],
    ['/http/tickets/issues/7', 'tickets /issues/7'],
    ['/http/tickets/issues/', 'tickets /issues/'],
    ['/http/tickets/v1/v1/messages', 'tickets /v1/v1/messages'],
    ['/http/tickets/mcp/github', 'tickets /mcp/github'],
  ])('%s leads to %s', (path, expected) => {
    expect(place(path)).toBe(expected);
  });

  test('the protocol’s name is shared by its upstreams where none of them has it', () => {
    const own = routeTable({
      upstreams: new Map([
        ['gpt', 'openai'],
        ['claude', 'anthropic'],
      ] as const),
      extra: [],
    });
    expect(place('/openai/v1/responses', {}, own)).toBe('all-openai /responses');
    expect(place('/anthropic/v1/messages', {}, own)).toBe('all-anthropic /messages');
    expect(own.match('/openai/v1/models', {}).route.upstreams).toEqual(['gpt']);
  });

  test('`/v1/models` and `/v1/files` speak Anthropic to clients that name its version, and OpenAI to others', () => {
    expect(place('/v1/models', VERSION)).toBe('all-anthropic /models');
    expect(place('/v1/models/claude-x', VERSION)).toBe('all-anthropic /models/claude-x');
    expect(place('/v1/files/file_1', VERSION)).toBe('all-anthropic /files/file_1');
    expect(place('/v1/files/file_1')).toBe('all-openai /files/file_1');
    expect(place('/v1/modelsx', VERSION)).toBe('all-openai /modelsx');
    expect(place('/v1/chat/completions', VERSION)).toBe('all-openai /chat/completions');
  });

  test.each(['x-goog-api-key', 'x-goog-api-client'])(
    '`/v1/models` speaks Google’s way to clients that send `%s`',
    (name) => {
      const headers = { [name]: 'x' };
      expect(place('/v1/models', headers)).toBe('all-gemini /v1/models');
      expect(place('/v1/models/gemini-x', headers)).toBe('all-gemini /v1/models/gemini-x');
      expect(place('/v1/models', { ...headers, ...VERSION })).toBe('all-anthropic /models');
      expect(place('/v1/chat/completions', headers)).toBe('all-openai /chat/completions');
      const none = routeTable({ upstreams: new Map([['openai', 'openai']] as const), extra: [] });
      expect(place('/v1/models', headers, none)).toBe('all-openai /models');
    },
  );

  test('the shared routes lead to every upstream of their protocol, the others to one', () => {
    const upstreams = table.routes.map(({ name, upstreams: names }) => [name, names]);
    expect(upstreams).toEqual(
      [
        ['all-openai', ['openai', 'moonshot']],
        ['all-anthropic', ['anthropic', 'bedrock']],
        ['all-gemini', ['gemini', 'vertex']],
        ['gemini', ['gemini']],
        ['vertex', ['vertex']],
        ['anthropic', ['anthropic']],
        ['openai', ['openai']],
        ['moonshot', ['moonshot']],
        ['bedrock', ['bedrock']],
        ['github', ['github']],
        ['tickets', ['tickets']],
      ].sort((a, b) => upstreams.findIndex(([name]) => name === a[0]) - upstreams.findIndex(([name]) => name === b[0])),
    );
    const names = table.routes.map(({ name }) => name);
    expect(new Set(names).size, 'a route’s name is its own').toBe(names.length);
  });

  test('a tool’s request is smaller than a model’s', () => {
    expect(table.match('/mcp/github', {}).route.bodyBytesMax).toBe(defaultBodyBytes('mcp'));
    expect(table.match('/v1/messages', {}).route.bodyBytesMax).toBe(defaultBodyBytes('anthropic'));
    expect(defaultBodyBytes('mcp')).toBeLessThan(defaultBodyBytes('openai'));
  });
});

describe('routes of the config', () => {
  const route = (name: string, protocol: ProtocolName) => ({ name, protocol, upstreams: ['x'], bodyBytesMax: 1 });
  const own = routeTable({
    upstreams: new Map(UPSTREAMS),
    extra: [
      { path: '/team-a/v1', route: route('a', 'openai') },
      { path: '/team-b', route: route('b', 'openai') },
      { path: '/team-c', route: route('c', 'anthropic') },
      { path: '/tools/all', route: route('t', 'mcp') },
    ],
  });

  test.each([
    ['/team-a/v1/chat/completions', 'a /chat/completions'],
    ['/team-b/chat/completions', 'b /chat/completions'],
    ['/team-c/v1/messages', 'c /messages'],
    ['/team-c/messages', 'c /messages'],
    ['/tools/all', 't '],
  ])('%s leads to %s', (path, expected) => {
    expect(place(path, {}, own)).toBe(expected);
  });

  test('have the body limit that the config gave them', () => {
    expect(own.match('/team-a/v1/models', {}).route.bodyBytesMax).toBe(1);
  });
});

describe('a path without a route', () => {
  test.each([
    '/',
    '/v1',
    '/v1/',
    '/mcp',
    '/mcp/unknown',
    '/mcp/github/x',
    '/unknown',
    '/openai',
    '/V1/models',
    '/github/v1/messages',
    '/v2/models',
    '/v1beta',
    '/gemini/models',
    '/gemini/v1alpha/models',
  ])('%s is refused, and the base addresses are told', (path) => {
    const message = place(path);
    expect(message).toContain(`no route for \`${path}\``);
    for (const base of ['`/v1`', '`/v1beta`', '`/openai/v1`', '`/anthropic`', '`/gemini`'])
      expect(message).toContain(base);
  });

  test.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/responses', '/v1/responses'],
    ['/openai/chat/completions', '/openai/v1/chat/completions'],
    ['/moonshot/models/kimi', '/moonshot/v1/models/kimi'],
    ['/gemini/models/gemini-x', '/gemini/v1/models/gemini-x'],
  ])('%s: the right one is told, %s', (path, meant) => {
    expect(place(path)).toContain(`\`${meant}\` may be meant`);
  });

  test.each(['/unknown/chat/completions', '/foo', '/v1/v1/foo', '/mcp/x'])('%s: no other is guessed', (path) => {
    expect(place(path)).not.toContain('may be meant');
  });

  test('a protocol that no upstream speaks has no routes', () => {
    const tools = routeTable({ upstreams: new Map([['github', 'mcp']] as const), extra: [] });
    for (const path of [
      '/v1/chat/completions',
      '/v1/messages',
      '/messages',
      '/openai/v1/models',
      '/anthropic/v1/models',
    ]) {
      expect(place(path, {}, tools)).toContain('no route');
    }
    expect(tools.routes.map(({ name }) => name)).toEqual(['github']);
  });

  test('a long path and many upstreams still make a short message', () => {
    const many = new Map(Array.from({ length: 100 }, (_, index) => [`up${index}`, 'openai'] as const));
    expect(place(`/x${'y'.repeat(5_000)}`, {}, routeTable({ upstreams: many, extra: [] })).length).toBeLessThan(600);
  });
});
