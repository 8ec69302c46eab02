import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forwardableHeaders } from '../../src/core/headers.ts';
import { forwarder } from '../../src/upstreams/forward.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall, toolCall } from '../telemetry/calls.ts';
import { type Caller, callerOf, read, WAYS } from './calling.ts';

let server: ScriptedUpstream;
let caller: Caller | undefined;
beforeEach(async () => {
  server = await scriptedUpstream();
});
afterEach(async () => {
  await caller?.close();
  await server.close();
});

const KEY = 'sk-upstream-0123456789abcdef';
const credential = { header: 'authorization', scheme: 'Bearer', value: KEY };

describe('what goes up', () => {
  test('is the call as it was understood: method, path, query, fields and every byte of the body', async () => {
    caller = callerOf(`${server.url}/v1`);
    const body = Buffer.from('{ "model":"gpt-5", "n" : 1.0,\t"x":"\\u00fc\xfc" }', 'latin1');
    const headers = { 'content-type': 'application/json', 'anthropic-beta': ['a', 'b'], 'x-mine': '1' };
    await caller.send(chatCall({ body, headers, target: '/chat/completions?beta=true&x=%2F' }));
    expect(server.received).toHaveLength(1);
    const [sent] = server.received;
    expect(sent).toMatchObject({ method: 'POST', url: '/v1/chat/completions?beta=true&x=%2F' });
    expect(sent?.body).toEqual(body);
    expect(sent?.headers).toMatchObject({
      host: new URL(server.url).host,
      'content-type': 'application/json',
      'content-length': String(body.length),
      'x-mine': '1',
      'accept-encoding': 'identity',
    });
    expect(sent?.rawHeaders.filter((field) => field === 'anthropic-beta')).toHaveLength(2);
  });

  test.each([
    ['', '/models', '/models'],
    ['/', '/models', '/models'],
    ['/v1', '/models', '/v1/models'],
    ['/v1/', '/models?x=1', '/v1/models?x=1'],
    ['', '', '/'],
    ['', '?x=1', '/?x=1'],
    ['/mcp', '', '/mcp'],
    ['/mcp/', '', '/mcp/'],
    ['/mcp/', '?x=1', '/mcp/?x=1'],
  ])('to the address `…%s`, the target `%s` becomes `%s`', async (base, target, path) => {
    caller = callerOf(server.url + base);
    await caller.send(chatCall({ method: 'GET', body: Buffer.alloc(0), target }));
    expect(server.received.map(({ url }) => url)).toEqual([path]);
    expect(server.received[0]?.headers).not.toHaveProperty('content-length');
  });

  test('the upstream gets its own credential, in the place of any that the client sent under that name', async () => {
    caller = callerOf(server.url, { credential: { header: 'x-own-key', scheme: '', value: KEY } });
    await caller.send(chatCall({ headers: { 'x-own-key': 'from the client' } }));
    expect(server.received[0]?.headers['x-own-key']).toBe(KEY);
  });

  test('no credential of the client goes up, whether the upstream has one of its own or not', async () => {
    const sent = forwardableHeaders({
      authorization: 'Bearer CLIENT',
      'x-api-key': 'CLIENT',
      'api-key': 'CLIENT',
      'x-goog-api-key': 'CLIENT',
      cookie: 'a=CLIENT',
      'proxy-authorization': 'Basic CLIENT',
    });
    for (const own of [credential, undefined]) {
      caller = callerOf(server.url, { credential: own });
      await caller.send(chatCall({ headers: sent }));
      await caller.close();
    }
    expect(JSON.stringify(server.received.map(({ rawHeaders }) => rawHeaders))).not.toContain('CLIENT');
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`, undefined]);
  });

  test('the trace of the attempt goes up with it', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    caller = callerOf(server.url, {}, { traceparent, tracestate: 'a=b' });
    await caller.send(chatCall());
    expect(server.received[0]?.headers).toMatchObject({ traceparent, tracestate: 'a=b' });
  });

  test('where the body carries the trace, it leaves with it', async () => {
    caller = callerOf(server.url);
    const forward = forwarder({
      ...WAYS,
      upstreams: new Map([['openai', caller.upstream]]),
      withTrace: (call) => Buffer.concat([call.body, Buffer.from(' traced')]),
    });
    await forward(chatCall(), 'openai', caller.way);
    await forward(chatCall({ method: 'GET', body: Buffer.alloc(0) }), 'openai', caller.way);
    expect(server.received.map(({ body }) => body.toString())).toEqual(['{} traced', '']);
  });
});

test('nothing in a request chooses where it goes', async () => {
  const other = await scriptedUpstream();
  caller = callerOf(`${server.url}/v1`);
  const evil = other.url;
  const host = new URL(evil).host;
  const body = Buffer.from(JSON.stringify({ model: 'gpt-5', base_url: evil, api_base: evil, url: evil, host }));
  const headers = forwardableHeaders({
    host,
    forwarded: `host=${host}`,
    'x-forwarded-host': host,
    'x-portkey-custom-host': evil,
    'helicone-target-url': evil,
    'x-original-url': evil,
  });
  await caller.send(chatCall({ body, headers, target: `/chat/completions?url=${evil}&base_url=${evil}` }));
  expect(server.received).toHaveLength(1);
  expect(JSON.stringify(server.received[0]?.rawHeaders)).not.toContain(host);
  expect(other.received).toEqual([]);
  await other.close();
});

describe('how an attempt ends', () => {
  test('with the status of the answer, once', async () => {
    server.answer = (_, response) => response.writeHead(429, { 'content-length': '2' }).end('no');
    caller = callerOf(server.url);
    expect(await caller.send(chatCall())).toMatchObject({ status: 429, body: Buffer.from('no') });
    expect(caller.attempts).toEqual([{ status: 429 }]);
  });

  test('with the error, where there is no answer', async () => {
    await server.close();
    caller = callerOf(server.url);
    await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'upstream.unreachable', status: 502 });
    expect(caller.attempts).toMatchObject([{ error: { code: 'upstream.unreachable' } }]);
  });

  test('an upstream that is not configured is a fault of our own', async () => {
    caller = callerOf(server.url);
    const forward = forwarder({ ...WAYS, upstreams: new Map() });
    await expect(forward(chatCall(), 'openai', caller.way)).rejects.toMatchObject({ code: 'gateway.internal' });
  });

  test('a field that cannot be written is a fault of our own, and nothing is sent', async () => {
    caller = callerOf(server.url);
    await expect(caller.send(chatCall({ headers: { 'x-bad': 'a\u0000b' } }))).rejects.toMatchObject({
      code: 'gateway.internal',
    });
    expect(server.received).toEqual([]);
  });
});

describe('the client goes away', () => {
  test('before it was answered: the call is aborted and the upstream learns of it at once', async () => {
    const cut = Promise.withResolvers<number>();
    const asked = Promise.withResolvers<void>();
    server.answer = (_, response) => {
      response.once('close', () => cut.resolve(performance.now()));
      asked.resolve();
    };
    caller = callerOf(server.url);
    const answer = caller.send(chatCall());
    await asked.promise;
    const left = performance.now();
    caller.leave();
    await expect(answer).rejects.toMatchObject({ code: 'request.aborted' });
    expect((await cut.promise) - left).toBeLessThan(1_000);
  });

  test('while a small answer is still coming: the same', async () => {
    const cut = Promise.withResolvers<void>();
    const half = Promise.withResolvers<void>();
    server.answer = (_, response) => {
      response.once('close', cut.resolve);
      response.writeHead(200, { 'content-length': '100' }).write('half', () => half.resolve());
    };
    caller = callerOf(server.url);
    const answer = caller.send(chatCall());
    await half.promise;
    await new Promise((resolve) => setTimeout(resolve, 50));
    caller.leave();
    await expect(answer).rejects.toMatchObject({ code: 'request.aborted' });
    await cut.promise;
  });

  test('from a call whose work must go on: nothing happens upstream', async () => {
    const asked = Promise.withResolvers<() => void>();
    server.answer = (_, response) =>
      asked.resolve(() => response.writeHead(200, { 'content-length': '4' }).end('done'));
    caller = callerOf(server.url);
    const answer = caller.send(toolCall({ abortable: false, upstreams: ['openai'] }));
    const finish = await asked.promise;
    caller.leave();
    finish();
    expect(await answer).toMatchObject({ status: 200, body: Buffer.from('done') });
  });

  test('before the call could be sent: it is not sent', async () => {
    caller = callerOf(server.url);
    caller.leave();
    await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'request.aborted' });
    expect(caller.upstream.pool.stats, 'nor a connection made for it').toMatchObject({ size: 0, pending: 0 });
    await caller.close();
    expect(server.received).toEqual([]);
  });

  test('while its call waits for a connection: it is never sent, and the call ahead does not notice', async () => {
    const asked = Promise.withResolvers<() => void>();
    let connections = 0;
    server.answer = ({ url }, response, raw) => {
      connections = raw.socket.remotePort ?? 0;
      if (url === '/first') asked.resolve(() => response.writeHead(200, { 'content-length': '2' }).end('ok'));
      else response.writeHead(200, { 'content-length': '2' }).end('ok');
    };
    caller = callerOf(server.url, { connections: 1 });
    const other = caller.upstream;
    const first = caller.send(chatCall({ target: '/first', abortable: false }));
    const finish = await asked.promise;
    const port = connections;
    const queued = caller.send(chatCall({ target: '/queued' }));
    caller.leave();
    await expect(queued).rejects.toMatchObject({ code: 'request.aborted' });
    finish();
    expect((await first).status).toBe(200);
    const later = await caller.send(chatCall({ target: '/later', abortable: false }));
    expect(later.status).toBe(200);
    expect(server.received.map(({ url }) => url)).toEqual(['/first', '/later']);
    expect(connections, 'the connection was kept').toBe(port);
    expect(other.pool.stats.connected).toBe(1);
  });
});

test('a stream that an MCP client listens to has no idle time, every other has', async () => {
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
  };
  caller = callerOf(server.url, { timeouts: { connectMs: 1_000, headersMs: 5_000, idleMs: 200 } });
  const listening = read(await caller.send(toolCall({ method: 'GET', body: Buffer.alloc(0) })));
  const answering = read(await caller.send(toolCall()));
  await expect.poll(() => answering.end, { timeout: 5_000 }).toMatchObject({ code: 'upstream.timeout', status: 504 });
  expect(listening.end).toBe('open');
  listening.control.cancel();
});
