import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BodySink } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Incoming } from '../../src/core/exchange.ts';
import { dataApp } from '../../src/http/data-app.ts';
import type { Delivery } from '../../src/http/deliver.ts';
import { type InFlight, inFlight } from '../../src/http/in-flight.ts';
import { type Listener, listen } from '../../src/http/listener.ts';
import { readiness } from '../../src/http/readiness.ts';
import { hostCheck } from '../../src/http/rebinding.ts';
import { door } from '../support/door.ts';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';

let listener: Listener;
let flight: InFlight;
let handle: (request: Incoming) => Promise<Delivery>;
let handled: Incoming[];
let faults: GatewayError[];
let isReady: boolean;

const OK: Delivery = { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('answered') };

beforeEach(async () => {
  flight = inFlight();
  handled = [];
  faults = [];
  isReady = true;
  handle = async () => OK;
  const app = dataApp({
    handle: (request) => {
      handled.push(request);
      return handle(request);
    },
    readiness: readiness({ store: () => (isReady ? undefined : 'the store does not answer') }),
    inFlight: flight,
    ...door({ flight }),
    checkHost: hostCheck('127.0.0.1'),
    now: () => 1_234,
    onFault: (error) => faults.push(error),
  });
  listener = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterEach(() => {
  listener.destroy();
  return listener.close();
});

const request = (method: string, target: string, ...lines: readonly string[]): string =>
  [`${method} ${target} HTTP/1.1`, 'host: localhost', ...(lines.length > 0 ? lines : ['', ''])].join('\r\n');
const ask = (method: string, target: string, ...lines: readonly string[]): Promise<string> =>
  askRaw(listener.port, request(method, target, 'connection: close', ...(lines.length > 0 ? lines : ['', ''])));
const jsonOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('probes', () => {
  test('/healthz says that the process lives, without asking anything else', async () => {
    isReady = false;
    expect(jsonOf(await ask('GET', '/healthz'))).toEqual({ status: 'ok' });
    expect(handled).toEqual([]);
  });

  test('/readyz is 503 and says why while a check fails', async () => {
    expect(jsonOf(await ask('GET', '/readyz'))).toEqual({ ready: true, checks: { store: 'ok' } });
    isReady = false;
    const answer = await ask('GET', '/readyz');
    expect(statusOf(answer)).toBe(503);
    expect(jsonOf(answer)).toEqual({ ready: false, checks: { store: 'the store does not answer' } });
  });
});

describe('a greeting', () => {
  test('is answered without a token, and no stage sees it', async () => {
    expect(jsonOf(await ask('GET', '/'))).toEqual({ service: 'waygate' });
    const answer = await ask('HEAD', '/api/hello');
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/\r\n\r\n$/);
    expect(handled).toEqual([]);
  });
});

describe('every other request', () => {
  test('goes through the pipeline as it came, and its answer back', async () => {
    handle = async (incoming) => ({ ...OK, body: await incoming.read(100) });
    const answer = await ask('POST', '/v1/messages?beta=true', 'x-mine: 1', 'content-length: 5', '', 'hello');
    expect(answer).toMatch(/hello$/);
    expect(handled).toMatchObject([
      { method: 'POST', path: '/v1/messages', query: '?beta=true', headers: { 'x-mine': '1' }, receivedAtMs: 1_234 },
    ]);
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s too, whatever its path', async (method) => {
    for (const target of ['/unknown', '/healthz/x', '/http/tickets/'])
      expect(await ask(method, target)).toMatch(/answered$/);
    expect(handled).toHaveLength(3);
  });

  test('HEAD gets the head of an answer', async () => {
    const answer = await ask('HEAD', '/http/tickets/issues');
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/content-length: 8\r\n[^]*\r\n\r\n$/i);
    expect(handled).toMatchObject([{ method: 'HEAD' }]);
  });

  test.each([
    ['an absolute target', 'GET http://evil.test/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['dot segments', request('GET', '/v1/../admin')],
    ['encoded dot segments', request('GET', '/v1/%2e%2e/admin')],
    ['two hosts', request('GET', '/v1/models', 'host: other', '', '')],
    ['two tokens', request('GET', '/v1/models', 'authorization: Bearer a', 'authorization: Bearer b', '', '')],
    ['a coding of its own', request('POST', '/v1/x', 'transfer-encoding: gzip, chunked', '', '0\r\n\r\n')],
    ['a body on GET', request('GET', '/v1/models', 'content-length: 5', '', 'hello')],
    ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n'],
  ])('with %s is refused before the pipeline, and its connection ends', async (_, bytes) => {
    const connection = await openRaw(listener.port);
    connection.send(bytes);
    await connection.until(/^HTTP\/1\.1 400 /);
    connection.send(request('GET', '/second'));
    await connection.closed;
    expect(handled).toEqual([]);
  });

  test.each([
    ['a host that is none', 'GET /v1/models HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n'],
    ['an asterisk for a target', request('OPTIONS', '*', 'connection: close', '', '')],
  ])('with %s is refused before the pipeline', async (_, bytes) => {
    expect(statusOf(await askRaw(listener.port, bytes))).toBe(400);
    expect(handled).toEqual([]);
  });

  test('to a name that is not loopback is refused: a web page may have rebound it', async () => {
    const answer = await askRaw(listener.port, 'GET /v1/models HTTP/1.1\r\nhost: evil.test\r\n\r\n');
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain('`evil.test`');
    expect(handled).toEqual([]);
  });
});

describe('what no stage made an answer of', () => {
  test('a refusal is told as a problem', async () => {
    handle = () => Promise.reject(new GatewayError('route.unknown', 'no route for this'));
    const answer = await ask('GET', '/nowhere');
    expect(statusOf(answer)).toBe(404);
    expect(jsonOf(answer)).toMatchObject({ detail: 'no route for this' });
    expect(faults).toEqual([]);
  });

  test('a fault of our own is told to the log, and to the client without its cause', async () => {
    handle = () => Promise.reject(new TypeError('SECRET is not a function'));
    const answer = await ask('GET', '/v1/models');
    expect(statusOf(answer)).toBe(500);
    expect(answer).not.toContain('SECRET');
    expect(faults).toMatchObject([{ code: 'gateway.internal', cause: { message: 'SECRET is not a function' } }]);
  });

  test('an answer that cannot be written is a fault, not a crash', async () => {
    handle = async () => ({ ...OK, headers: { 'x-bad': 'a\u0000b' } });
    expect(statusOf(await ask('GET', '/v1/models'))).toBe(500);
    expect(faults).toHaveLength(1);
  });

  test('a body past its limit is 413 at once, and the connection ends', async () => {
    handle = async (incoming) => ({ ...OK, body: await incoming.read(10) });
    const connection = await openRaw(listener.port);
    connection.send(request('POST', '/v1/messages', 'content-length: 1000000000', '', 'x'));
    expect(statusOf(await connection.until(/too_large/))).toBe(413);
    await connection.closed;
  });
});

describe('draining', () => {
  test('a new call gets 503, may be sent again, and its connection ends', async () => {
    const kept = await openRaw(listener.port);
    kept.send(request('GET', '/v1/models'));
    await kept.until(/answered$/);
    void flight.drain();
    kept.send(request('GET', '/v1/models'));
    const answer = (await kept.closed).split('answered')[1] ?? '';
    expect(statusOf(answer)).toBe(503);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toMatch(/x-should-retry: true/i);
    expect(answer).toMatch(/retry-after: 1/i);
    expect(answer).toContain('gateway.draining');
    expect(handled).toHaveLength(1);
  });

  test('probes are still answered, and an open stream flows on to its end', async () => {
    const started = Promise.withResolvers<BodySink>();
    const body = { start: (sink: BodySink) => (started.resolve(sink), { resume: () => {}, cancel: () => {} }) };
    handle = async () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body });
    const stream = await openRaw(listener.port);
    stream.send(request('GET', '/v1/stream'));
    const sink = await started.promise;
    sink.data(Buffer.from('data: one\n\n'));
    await stream.until(/one/);
    const drained = flight.drain();
    listener.closeIdle();
    expect(statusOf(await ask('GET', '/healthz'))).toBe(200);
    sink.data(Buffer.from('data: two\n\n'));
    sink.end();
    await drained;
    await listener.close();
    expect(await stream.closed).toMatch(/data: two\n\n\r\n0\r\n\r\n$/);
  });
});

test('a client that goes away while its request is handled is told to the pipeline, and nothing is left in flight', async () => {
  const gone = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Delivery>();
  handle = (incoming) => {
    incoming.onAbort(gone.resolve);
    return answered.promise;
  };
  const connection = await openRaw(listener.port);
  connection.send(request('GET', '/v1/models'));
  await expect.poll(() => flight.count).toBe(1);
  connection.socket.destroy();
  await gone.promise;
  answered.resolve(OK);
  await expect.poll(() => flight.count).toBe(0);
  expect(faults).toEqual([]);
});
