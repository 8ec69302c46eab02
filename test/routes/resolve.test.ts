import { hash } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Incoming } from '../../src/core/exchange.ts';
import { forwardableHeaders } from '../../src/core/headers.ts';
import type { CallId } from '../../src/core/ids.ts';
import { originCheck } from '../../src/http/rebinding.ts';
import { bodyThreads } from '../../src/routes/body-threads.ts';
import { httpApi } from '../../src/routes/api.ts';
import { modelSelector } from '../../src/routes/models.ts';
import { resolver } from '../../src/routes/resolve.ts';
import { routeTable } from '../../src/routes/table.ts';
import { ANA, incoming } from '../telemetry/calls.ts';

const table = routeTable({
  upstreams: new Map([
    ['openai', 'openai'],
    ['moonshot', 'openai'],
    ['claude', 'anthropic'],
    ['google', 'gemini'],
    ['github', 'mcp'],
    ['tickets', 'http'],
    ['notes', 'http'],
  ] as const),
  extra: [],
});
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  openai: ['gpt-*'],
  moonshot: ['kimi-*'],
  claude: ['*'],
  google: ['gemini-*'],
  github: [],
};
const aliases = new Map([
  ['fast', [{ upstream: 'openai', model: 'gpt-5-mini', weight: 1 }]],
  ['open', [{ upstream: 'moonshot', model: 'org/kimi:k2', weight: 1 }]],
  ['pro', [{ upstream: 'google', model: 'gemini-3-pro', weight: 1 }]],
  [
    'either',
    [
      { upstream: 'moonshot', model: 'kimi-k2', weight: 0 },
      { upstream: 'openai', model: 'gpt-5', weight: 1 },
    ],
  ],
]);
const models = new Map(
  table.routes.map(({ name, upstreams }) => [
    name,
    modelSelector({ upstreams: new Map(upstreams.map((upstream) => [upstream, PATTERNS[upstream] ?? []])), aliases }),
  ]),
);
const threads = bodyThreads({ threads: 1, queue: 1, onFull: () => {} });
afterAll(() => threads.close());
const resolve = resolver({
  match: table.match,
  models,
  apis: new Map([
    ['tickets', httpApi({ operations: ['GET /issues/{id}', 'POST /issues'], lists: [] })],
    ['notes', httpApi({ operations: [], lists: [] })],
  ]),
  noStreamOptions: new Set(['moonshot']),
  endToEnd: forwardableHeaders,
  checkOrigin: originCheck('127.0.0.1'),
  readLarge: threads.read,
});

const run = { id: 'run_1', root: 'run_1', parent: undefined, depth: 0 } as Call['access']['run'];

function callOf(request: Incoming, body = ''): Call {
  return resolved(request, body) as Call;
}

const callOfLarge = (request: Incoming, body: string): Promise<Call> => resolved(request, body) as Promise<Call>;

function resolved(request: Incoming, body: string): Call | Promise<Call> {
  const asking = { id: 'call_1' as CallId, principal: ANA, run, body: Buffer.from(body), nowMs: 5 };
  return resolve.resolve(request, resolve.place(request), asking);
}

const access = ({ access: { args, ...rest } }: Call): unknown => ({ ...rest, args: { ...args } });

function get(path: string, headers = {}, query = ''): Incoming {
  return incoming({ method: 'GET', path, query, headers });
}

function post(path: string, headers = {}, query = ''): Incoming {
  return incoming({ path, query, headers: { 'content-type': 'application/json', ...headers } });
}

function refusalOf(make: () => unknown): GatewayError {
  try {
    make();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error('it was not refused');
}

describe('a request that is understood', () => {
  test('is a call: who, what, where, and the bytes that will leave', () => {
    const body = '{"model":"gpt-5","messages":[],"max_tokens":7}';
    const headers = { authorization: 'Bearer SECRET', 'x-mine': '1' };
    const call = callOf(post('/v1/chat/completions', headers, '?x=1'), body);
    expect(call).toMatchObject({
      id: 'call_1',
      dialect: 'openai-chat',
      upstreams: ['openai'],
      method: 'POST',
      target: '/chat/completions?x=1',
      headers: { 'content-type': 'application/json', 'x-mine': '1' },
      splices: [],
      model: 'gpt-5',
      stream: false,
      abortable: true,
      access: {
        principal: ANA,
        action: 'model.generate',
        resource: { kind: 'model', upstream: 'openai', name: 'gpt-5' },
        run,
        context: { route: 'all-openai', timeMs: 5, stream: false },
      },
    });
    expect(call.body.toString()).toBe(body);
    expect(call.estimate.outputTokens).toBe(7);
    expect(JSON.stringify(call.headers)).not.toContain('SECRET');
  });

  test("is a run's last word where its client says so, and nothing else is; the word itself stays here", async () => {
    const body = '{"model":"gpt-5","messages":[]}';
    const final = callOf(post('/v1/chat/completions', { 'waygate-final': 'true' }), body);
    expect(final.access.isFinal).toBe(true);
    expect(final.headers).not.toHaveProperty('waygate-final');
    for (const value of ['false', '1', 'TRUE', ''])
      expect(callOf(post('/v1/chat/completions', { 'waygate-final': value }), body).access.isFinal).toBeUndefined();
    const large = JSON.stringify({ model: 'gpt-5', messages: ['x'.repeat(600_000)] });
    const asked = await callOfLarge(post('/v1/chat/completions', { 'waygate-final': 'true' }), large);
    expect(asked.access.isFinal).toBe(true);
  });

  test('has the model that its upstream knows, in the resource and in the bytes alike', () => {
    const call = callOf(post('/v1/chat/completions'), '{"model":"fast","messages":[]}');
    expect(call).toMatchObject({ model: 'gpt-5-mini', upstreams: ['openai'], splices: ['model-alias'] });
    expect(call.access.resource).toEqual({ kind: 'model', upstream: 'openai', name: 'gpt-5-mini' });
    expect(JSON.parse(call.body.toString())).toMatchObject({ model: 'gpt-5-mini' });
  });

  test.each([
    ['/v1/chat/completions', '/chat/completions'],
    ['/moonshot/v1/chat/completions', '/chat/completions'],
  ])('of OpenAI at %s goes to %s below the upstream’s address', (path, target) => {
    expect(callOf(post(path), '{"model":"kimi-k2","messages":[]}')).toMatchObject({ target, upstreams: ['moonshot'] });
  });

  test.each(['/v1/messages', '/messages', '/claude/v1/messages', '/claude/messages', '/anthropic/v1/messages'])(
    'of Anthropic at %s goes to /v1/messages',
    (path) => {
      const call = callOf(post(path, {}, '?beta=true'), '{"model":"claude-x","max_tokens":1,"messages":[]}');
      expect(call).toMatchObject({ target: '/v1/messages?beta=true', upstreams: ['claude'], dialect: 'anthropic' });
    },
  );

  test.each([
    ['/v1beta/models/gemini-x:generateContent', '/v1beta/models/gemini-x:generateContent'],
    ['/v1/models/gemini-x:generateContent', '/v1/models/gemini-x:generateContent'],
    ['/gemini/v1beta/models/gemini-x:generateContent', '/v1beta/models/gemini-x:generateContent'],
    ['/google/v1/models/gemini-x:generateContent', '/v1/models/gemini-x:generateContent'],
  ])('of Google at %s goes to %s, byte for byte', (path, target) => {
    const call = callOf(post(path, { 'x-goog-api-key': 'SECRET', 'x-goog-user-project': 'p' }), '{ "contents":[] }');
    expect(call).toMatchObject({ target, upstreams: ['google'], dialect: 'gemini', splices: [], model: 'gemini-x' });
    expect(call.access.resource).toEqual({ kind: 'model', upstream: 'google', name: 'gemini-x' });
    expect(call.body.toString()).toBe('{ "contents":[] }');
    expect(call.headers).toEqual({ 'content-type': 'application/json' });
  });

  test('of Google has the model that its upstream knows in the path, and in the bytes where they name it', () => {
    const call = callOf(
      post('/v1beta/models/pro:streamGenerateContent', {}, '?alt=sse'),
      '{"model":"models/pro","contents":[]}',
    );
    expect(call).toMatchObject({
      target: '/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse',
      splices: ['model-alias'],
      model: 'gemini-3-pro',
      stream: true,
    });
    expect(call.body.toString()).toBe('{"model":"models/gemini-3-pro","contents":[]}');
    expect(callOf(get('/v1beta/models/pro'))).toMatchObject({
      target: '/v1beta/models/gemini-3-pro',
      splices: ['model-alias'],
    });
  });

  test('of MCP goes to the endpoint itself', () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_issue","arguments":{"a":1}}}';
    const call = callOf(post('/mcp/github', { accept: 'application/json, text/event-stream' }), body);
    expect(call).toMatchObject({
      target: '',
      upstreams: ['github'],
      dialect: 'mcp',
      abortable: false,
      access: {
        action: 'tool.call',
        resource: { kind: 'tool', upstream: 'github', name: 'create_issue' },
        args: { a: 1 },
      },
    });
  });
});

describe('a list of models', () => {
  test('of a shared route is asked of all its upstreams', () => {
    const call = callOf(get('/v1/models', {}, '?limit=3'));
    expect(call).toMatchObject({ upstreams: ['openai', 'moonshot'], target: '/models?limit=3', model: '' });
    expect(call.access).toMatchObject({
      action: 'model.list',
      resource: { kind: 'model', upstream: 'all-openai', name: '' },
    });
  });

  test('of a route with one upstream is asked of the upstream', () => {
    for (const [path, headers, upstream] of [
      ['/moonshot/v1/models', {}, 'moonshot'],
      ['/v1/models', { 'anthropic-version': '2023-06-01' }, 'claude'],
    ] as const) {
      expect(callOf(get(path, headers))).toMatchObject({
        upstreams: [upstream],
        access: { resource: { kind: 'model', upstream, name: '' } },
      });
    }
  });

  test('one model is asked for by the name that its upstream knows', () => {
    expect(callOf(get('/v1/models/gpt-5', {}, '?x=1'))).toMatchObject({
      target: '/models/gpt-5?x=1',
      upstreams: ['openai'],
      splices: [],
      access: { action: 'model.list', resource: { upstream: 'openai', name: 'gpt-5' } },
    });
    expect(callOf(get('/v1/models/fast'))).toMatchObject({ target: '/models/gpt-5-mini', splices: ['model-alias'] });
    expect(callOf(get('/v1/models/open'))).toMatchObject({ target: '/models/org%2Fkimi%3Ak2', model: 'org/kimi:k2' });
    expect(callOf(get('/claude/v1/models/claude-x'))).toMatchObject({ target: '/v1/models/claude-x' });
  });
});

describe('a request about an upstream’s account', () => {
  test('is of an object by its path, in the account of the one upstream of its route', () => {
    const call = callOf(get('/openai/v1/files/file-1/content', {}, '?x=1'));
    expect(call).toMatchObject({
      dialect: 'openai-objects',
      access: { action: 'object.read', resource: { kind: 'object', upstream: 'openai', name: 'files/file-1/content' } },
      upstreams: ['openai'],
      target: '/files/file-1/content?x=1',
      model: '',
    });
    expect(callOf(get('/claude/v1/messages/batches/b_1/results')).target).toBe('/v1/messages/batches/b_1/results');
  });

  test('goes nowhere where the route has several, and says where it may go', () => {
    const error = refusalOf(() => callOf(post('/v1/batches'), '{}'));
    expect(error.code).toBe('route.operation');
    expect(error.message).toMatch(/one upstream.*`\/openai`, `\/moonshot`/);
  });
});

test('the requests of a batch are decided on as if each came alone, for the model that the alias means', () => {
  const params = (model: string, rest = {}) => ({ model, messages: [], ...rest });
  const requests = [
    { custom_id: 'a', params: params('claude-x', { max_tokens: 5 }) },
    { custom_id: 'b', params: params('claude-x', { max_tokens: 7 }) },
    { custom_id: 'c', params: params('claude-x', { max_tokens: 5 }) },
  ];
  const { access, parts } = callOf(post('/v1/messages/batches'), JSON.stringify({ requests }));
  expect(access).toMatchObject({
    action: 'model.batch',
    resource: { kind: 'model', upstream: 'claude', name: 'claude-x' },
  });
  expect(parts).toEqual(
    [5, 7].map((max_tokens) => ({
      ...access,
      action: 'model.generate',
      args: { model: 'claude-x', max_tokens, tools: [] },
    })),
  );
});

describe('a request that is not', () => {
  test.each([
    ['POST', '/v1/evals', 'route.operation'],
    ['PUT', '/v1/files', 'route.method'],
    ['POST', '/v1/chat/completions/', 'route.operation'],
    ['GET', '/v1/modelsx', 'route.operation'],
    ['GET', '/v1/chat/completions', 'route.method'],
    ['PUT', '/v1/models', 'route.method'],
    ['PATCH', '/mcp/github', 'route.method'],
    ['HEAD', '/v1/models', 'route.method'],
    ['GET', '/v1beta/models/m:generateContent', 'route.method'],
    ['POST', '/v1beta/models/m:predict', 'route.operation'],
    ['POST', '/v1beta/cachedContents', 'route.operation'],
    ['POST', '/gemini/v1beta/models/a:b:generateContent', 'route.operation'],
    ['GET', '/nowhere', 'route.unknown'],
  ])('%s %s goes nowhere', (method, path, code) => {
    const error = refusalOf(() => resolve.place(incoming({ method, path })));
    expect(error.code).toBe(code);
    expect(error.message).toContain(path);
  });

  test('is told what would be an operation', () => {
    expect(refusalOf(() => resolve.place(post('/v1/fine_tuning/jobs'))).message).toContain('`/chat/completions`');
    expect(refusalOf(() => resolve.place(get('/v1/messages'))).message).toContain('takes POST');
  });

  test('a credential in the query of a Google client is refused, not sent on and not repeated', () => {
    const error = refusalOf(() => callOf(post('/v1beta/models/gemini-x:generateContent', {}, '?key=SECRET'), '{}'));
    expect(error).toMatchObject({ code: 'request.invalid' });
    expect(error.message).not.toContain('SECRET');
  });

  test('a model that nobody serves here is not sent anywhere', () => {
    const error = refusalOf(() => callOf(post('/v1/chat/completions'), '{"model":"claude-x","messages":[]}'));
    expect(error).toMatchObject({ code: 'route.model', status: 404 });
  });

  test('a route whose models nobody compiled serves none', () => {
    const bare = resolver({
      match: table.match,
      models: new Map(),
      apis: new Map(),
      noStreamOptions: new Set(),
      endToEnd: forwardableHeaders,
      checkOrigin: () => {},
      readLarge: threads.read,
    });
    const request = get('/v1/models/gpt-5');
    const asking = { id: 'call_1' as CallId, principal: ANA, run, body: Buffer.alloc(0), nowMs: 5 };
    expect(refusalOf(() => bare.resolve(request, bare.place(request), asking)).code).toBe('route.model');
  });

  test('a large body gives the same call as it would in this thread, with the digest of what leaves', async () => {
    const large = (bytes: number): string =>
      JSON.stringify({ model: 'fast', stream: true, temperature: 0.5, messages: [{ content: 'x'.repeat(bytes) }] });
    const small = callOf(post('/v1/chat/completions', {}, '?a=1'), large(1));
    const call = await callOfLarge(post('/v1/chat/completions', {}, '?a=1'), large(600_000));
    const { body, bodySha256, estimate, ...same } = call;
    expect(same).toEqual({ ...small, body: undefined, bodySha256: undefined, estimate: undefined, ...same });
    expect(same.splices).toEqual(['model-alias', 'include-usage']);
    expect(body.toString()).toBe(small.body.toString().replace('"x"', `"${'x'.repeat(600_000)}"`));
    expect(bodySha256).toBe(hash('sha256', body));
    expect(estimate.inputTokens).toBeGreaterThan(200_000);
    expect(access(small)).toEqual(access(call));
  });

  test('a call says what its request tells of tools, and which use it carries out', async () => {
    const tells = (bytes: number): string =>
      JSON.stringify({
        model: 'fast',
        messages: [
          { role: 'user', content: 'x'.repeat(bytes) },
          { role: 'assistant', tool_calls: [{ id: 'call_a', function: { name: 'bash', arguments: '{"c":"ls"}' } }] },
          { role: 'tool', tool_call_id: 'call_a', content: 'ok' },
        ],
      });
    const small = callOf(post('/v1/chat/completions'), tells(1));
    expect(small.toolResults).toMatchObject([{ id: 'call_a', name: 'bash', args: { c: 'ls' }, isError: false }]);
    const large = await callOfLarge(post('/v1/chat/completions'), tells(600_000));
    expect(large.toolResults).toEqual(small.toolResults);
    const params = { name: 'echo', arguments: {}, _meta: { 'claudecode/toolUseId': 'toolu_1' } };
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    expect(callOf(post('/mcp/github'), message).toolUseId).toBe('toolu_1');
  });

  test('a large body whose tools have too many arguments for this thread is refused', async () => {
    const args = JSON.stringify(Array.from({ length: 30_000 }, () => ({})));
    const call = { id: 'a', function: { name: 'bash', arguments: `{"list":${args}}` } };
    const messages = [
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: 'x'.repeat(600_000) },
    ];
    const read = callOfLarge(post('/v1/chat/completions'), JSON.stringify({ model: 'fast', messages }));
    await expect(read).rejects.toMatchObject({ code: 'request.too_large' });
  });

  test('a large body is refused as it would be in this thread', async () => {
    const padding = `"x":"${'x'.repeat(600_000)}"`;
    const twice = callOfLarge(post('/v1/chat/completions'), `{"model":"gpt-5","model":"gpt-6",${padding}}`);
    await expect(twice).rejects.toMatchObject({ code: 'request.invalid' });
    const unknown = callOfLarge(post('/v1/chat/completions'), `{"model":"claude-x","messages":[],${padding}}`);
    await expect(unknown).rejects.toMatchObject({ code: 'route.model' });
    const message = `{"jsonrpc":"2.0","id":7,"method":"tools/steal","params":{${padding}}}`;
    await expect(callOfLarge(post('/mcp/github'), message)).rejects.toMatchObject({
      code: 'route.operation',
      rpc: { id: '7', method: 'tools/steal' },
    });
  });

  test('a body that names its model twice is refused', () => {
    const body = '{"model":"gpt-5","model":"gpt-6","messages":[]}';
    expect(refusalOf(() => callOf(post('/v1/chat/completions'), body)).code).toBe('request.invalid');
  });
});

describe('a web page', () => {
  test('does not reach an MCP server, but from this machine', () => {
    expect(refusalOf(() => resolve.place(post('/mcp/github', { origin: 'http://evil.test' }))).status).toBe(403);
    expect(refusalOf(() => resolve.place(post('/mcp/github', { origin: 'null' }))).status).toBe(403);
    expect(resolve.place(post('/mcp/github', { origin: 'http://localhost:6274' })).dialect).toBe('mcp');
  });

  test('may ask a model, as far as its token goes', () => {
    expect(resolve.place(post('/v1/messages', { origin: 'app://obsidian.md' })).dialect).toBe('anthropic');
  });
});

test('no field of a request chooses its upstream', () => {
  const evil = 'http://evil.test';
  const fields = JSON.stringify({
    model: 'gpt-5',
    messages: [],
    base_url: evil,
    api_base: evil,
    upstream: 'moonshot',
    url: evil,
  });
  const headers = {
    host: 'evil.test',
    'x-portkey-custom-host': evil,
    'x-forwarded-host': 'evil.test',
    'x-upstream': 'moonshot',
  };
  const call = callOf(post('/v1/chat/completions', headers, `?url=${evil}&upstream=moonshot`), fields);
  expect(call.upstreams).toEqual(['openai']);
  expect(call.target.startsWith('/chat/completions?')).toBe(true);
  expect(JSON.stringify(call.headers)).not.toContain('evil.test');
});

describe('a name that leads to several targets', () => {
  const body = JSON.stringify({ model: 'either', messages: [], stream: true });
  const call = callOf(post('/v1/chat/completions'), body);

  test('makes a call to the preferred one, and the same call to each other behind it', () => {
    expect(call).toMatchObject({ model: 'gpt-5', upstreams: ['openai'] });
    expect(call.fallbacks).toMatchObject([{ model: 'kimi-k2', upstreams: ['moonshot'], fallbacks: [] }]);
    const resources = [call, ...call.fallbacks].map(({ access }) => access.resource);
    expect(resources).toEqual([
      { kind: 'model', upstream: 'openai', name: 'gpt-5' },
      { kind: 'model', upstream: 'moonshot', name: 'kimi-k2' },
    ]);
    for (const one of [call, ...call.fallbacks]) expect(one.candidates).toEqual(resources);
  });

  test('gives each target its own name of the model, and else the same bytes', () => {
    const whole = callOf(post('/v1/chat/completions'), JSON.stringify({ model: 'either', messages: [] }));
    const bodies = [whole, ...whole.fallbacks].map((one) => one.body.toString());
    expect(bodies.map((text) => (JSON.parse(text) as { model: string }).model)).toEqual(['gpt-5', 'kimi-k2']);
    expect(bodies[0]?.replace('gpt-5', 'x')).toBe(bodies[1]?.replace('kimi-k2', 'x'));
    for (const one of [whole, ...whole.fallbacks]) expect(one.splices).toEqual(['model-alias']);
  });

  test('leads below an upstream’s own address to that one alone', () => {
    expect(callOf(post('/moonshot/v1/chat/completions'), body)).toMatchObject({
      upstreams: ['moonshot'],
      candidates: [],
      fallbacks: [],
    });
  });
});

describe('a plain HTTP request', () => {
  test('is a call of its operation, and leaves as it came', () => {
    expect(callOf(get('/http/tickets/issues/7', { accept: 'text/plain' }, '?full=1'))).toMatchObject({
      dialect: 'http',
      upstreams: ['tickets'],
      method: 'GET',
      target: '/issues/7?full=1',
      splices: [],
      model: '',
      access: {
        action: 'http.request',
        resource: { kind: 'http', upstream: 'tickets', name: 'GET /issues/{id}' },
        args: { path: { id: '7' }, query: { full: '1' } },
        context: { route: 'tickets' },
      },
    });
    expect(callOf(post('/http/tickets/issues'), '{"a":1}')).toMatchObject({
      target: '/issues',
      body: Buffer.from('{"a":1}'),
      access: { resource: { name: 'POST /issues' }, args: { body: { a: 1 } } },
    });
  });

  test('that is not declared goes nowhere', () => {
    const put = { ...get('/http/tickets/issues/7'), method: 'PUT' };
    expect(refusalOf(() => resolve.place(put))).toMatchObject({
      code: 'route.method',
      message: expect.stringContaining('this path takes GET') as string,
    });
    expect(refusalOf(() => resolve.place(get('/http/tickets/admin')))).toMatchObject({
      code: 'route.operation',
      message: expect.stringContaining('`operations`') as string,
    });
  });

  test('is its method and path where nothing is declared, but for TRACE', () => {
    const asked = (method: string) => ({ ...get('/http/notes/a/b'), method });
    expect(callOf(asked('PURGE')).access.resource.name).toBe('PURGE /a/b');
    expect(refusalOf(() => resolve.place(asked('TRACE'))).code).toBe('route.operation');
  });
});

test('an upstream that refuses `stream_options` is not sent any', () => {
  const stream = (model: string): Call =>
    callOf(post('/v1/chat/completions'), JSON.stringify({ model, messages: [], stream: true }));
  expect(stream('gpt-5').splices).toEqual(['include-usage']);
  expect(stream('kimi-k2')).toMatchObject({ splices: [], hideUsage: false });
  const either = stream('either');
  expect([either, ...either.fallbacks].map(({ splices }) => splices)).toEqual([
    ['model-alias', 'include-usage'],
    ['model-alias'],
  ]);
});
