import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GatewayError, toGatewayError } from '../../src/core/errors.ts';
import type { Headers } from '../../src/core/exchange.ts';
import { incoming } from '../../src/http/incoming.ts';
import { overloaded } from '../../src/http/load.ts';
import type { Paced } from '../../src/http/pace.ts';
import { type Door, door } from '../support/door.ts';
import { openRaw } from '../support/raw-http.ts';

const LIMIT = 100;
const DECODED_LIMIT = 8_388_608;

let server: Server;
let port: number;
let bodies: (Buffer | GatewayError)[] = [];
/** Bytes that the server has taken off its sockets. */
let taken: () => number;
/** Held until the test lets the server read. */
let gate: Promise<void>;
let limit: number;
let admittedHeaders: Headers;
let rules: Door;

beforeAll(async () => {
  server = createServer();
  server.on('request', answer);
  server.on('checkContinue', answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

function answer(...[request, response]: Parameters<typeof incoming>): void {
  taken = () => request.socket.bytesRead;
  const admitted = incoming(request, response, { receivedAtMs: 0, rules, flight: rules.enter(response) });
  admittedHeaders = admitted.headers;
  void gate
    .then(() => admitted.read(limit))
    .catch(toGatewayError)
    .then((body) => {
      bodies.push(body);
      response.end('done');
    });
}

afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  bodies = [];
  gate = Promise.resolve();
  limit = LIMIT;
  rules = door();
});

const post = (...lines: readonly string[]): string => ['POST /v1/messages HTTP/1.1', 'host: a', ...lines].join('\r\n');

/** Sends a request and returns what became of its body. */
async function bodyOf(bytes: string | Buffer): Promise<Buffer | GatewayError | undefined> {
  const connection = await openRaw(port);
  connection.send(bytes);
  await expect.poll(() => bodies.length).toBe(1);
  connection.socket.destroy();
  return bodies[0];
}

describe('a body within the limit', () => {
  test('is read whole, however it is framed', async () => {
    expect(await bodyOf(post('content-length: 5', '', 'hello'))).toEqual(Buffer.from('hello'));
    bodies = [];
    const chunked = post('transfer-encoding: chunked', '', '2\r\nhe', '3\r\nllo', '0\r\n\r\n');
    expect(await bodyOf(chunked)).toEqual(Buffer.from('hello'));
    bodies = [];
    expect(await bodyOf(post('content-length: 100', '', 'x'.repeat(LIMIT)))).toHaveLength(LIMIT);
  });

  test.each([['content-length: 0'], ['x-none: 1']])('is empty where there is none (%s)', async (field) => {
    expect(await bodyOf(post(field, '', ''))).toEqual(Buffer.alloc(0));
  });
});

describe('a body past the limit', () => {
  test('is refused before any of it has come, where its length is announced', async () => {
    expect(await bodyOf(post('content-length: 101', '', ''))).toMatchObject({ code: 'request.too_large' });
  });

  test('is refused at the first byte too many, and the rest of it is left unread', async () => {
    const connection = await openRaw(port);
    connection.send(post('transfer-encoding: chunked', '', ''));
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let index = 0; index < 512; index += 1) connection.send(chunk);
    await expect.poll(() => bodies.length).toBe(1);
    expect(bodies[0]).toMatchObject({ code: 'request.too_large' });
    expect(taken()).toBeLessThan(1_048_576);
    connection.socket.destroy();
  });
});

describe('a body that cannot be read', () => {
  test('in a coding that is not decoded here: refused, and its coding named', async () => {
    const body = await bodyOf(post('content-encoding: deflate', 'content-length: 5', '', 'hello'));
    expect(body).toMatchObject({ code: 'request.encoding', message: expect.stringContaining('`deflate`') as string });
  });

  test('`identity` is no compression', async () => {
    expect(await bodyOf(post('content-encoding: identity', 'content-length: 5', '', 'hello'))).toEqual(
      Buffer.from('hello'),
    );
  });

  test.each([
    ['announced', 'content-length: 50', 'half'],
    ['in chunks', 'transfer-encoding: chunked', '5\r\nhello'],
  ])('%s and never complete, because its client went away: aborted', async (_, framing, part) => {
    const connection = await openRaw(port);
    connection.send(post(framing, '', part));
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    connection.socket.destroy();
    await expect.poll(() => bodies[0]).toMatchObject({ code: 'request.aborted' });
  });

  test('of a client that went away before it was read: aborted, not awaited for ever', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const connection = await openRaw(port);
    connection.send(post('content-length: 50', '', 'half'));
    const gone = new Promise<void>((done) => server.once('request', (request) => request.once('close', done)));
    await new Promise<void>((done) => server.once('request', () => done()));
    connection.socket.destroy();
    await gone;
    resolve();
    await expect.poll(() => bodies[0]).toMatchObject({ code: 'request.aborted' });
  });
});

test('a client that waits to be asked for its body is asked when it is read, not before', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const connection = await openRaw(port);
  const asked = new Promise<void>((done) => server.once('checkContinue', () => done()));
  connection.send(post('content-length: 5', 'expect: 100-continue', '', ''));
  await asked;
  expect(connection.text).toBe('');
  resolve();
  await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  connection.send('hello');
  expect(await connection.until(/done$/)).toContain('HTTP/1.1 200 OK');
  connection.socket.destroy();
});

test('a client that waits to be asked for too much is refused without being asked', async () => {
  const connection = await openRaw(port);
  connection.send(post('content-length: 101', 'expect: 100-continue', '', ''));
  expect(await connection.until(/done$/)).not.toContain('100 Continue');
  expect(bodies[0]).toMatchObject({ code: 'request.too_large' });
  connection.socket.destroy();
});

const CODINGS = [
  ['gzip', gzipSync],
  ['br', (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
  ['zstd', zstdCompressSync],
] as const;
const encoded = (coding: string, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(post(`content-encoding: ${coding}`, `content-length: ${bytes.length}`, '', '')), bytes]);

describe('a compressed body', () => {
  test.each(CODINGS)('in %s is what it decodes to, and no field says otherwise', async (coding, compress) => {
    const text = Buffer.from('hello '.repeat(16));
    expect(await bodyOf(encoded(coding, compress(text)))).toEqual(text);
    expect(admittedHeaders['content-encoding']).toBeUndefined();
  });

  test.each(CODINGS)('in %s that grows past the limit is cut there', async (coding, compress) => {
    expect(await bodyOf(encoded(coding, compress(Buffer.alloc(LIMIT, 'x'))))).toHaveLength(LIMIT);
    bodies = [];
    expect(await bodyOf(encoded(coding, compress(Buffer.alloc(LIMIT + 1, 'x'))))).toMatchObject({
      code: 'request.too_large',
    });
  });

  test('larger than the limit as it comes is refused, whatever it would decode to', async () => {
    expect(await bodyOf(encoded('gzip', Buffer.alloc(LIMIT + 1)))).toMatchObject({ code: 'request.too_large' });
    bodies = [];
    const chunked = post('content-encoding: gzip', 'transfer-encoding: chunked', '', `100\r\n${'x'.repeat(256)}\r\n`);
    expect(await bodyOf(chunked)).toMatchObject({ code: 'request.too_large' });
  });

  test.each(CODINGS)('in %s of 64 MB of nothing is given up before it is decoded', async (coding, compress) => {
    limit = 4 * DECODED_LIMIT;
    const bomb = compress(Buffer.alloc(67_108_864));
    const before = process.memoryUsage().rss;
    expect(await bodyOf(encoded(coding, bomb))).toMatchObject({
      code: 'request.too_large',
      message: expect.stringContaining('hundredfold') as string,
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(33_554_432);
  });

  test.each(CODINGS)('in %s that is torn, or no such thing, is refused', async (coding, compress) => {
    const whole = compress(Buffer.from('hello '.repeat(16)));
    for (const broken of [whole.subarray(0, whole.length - 3), Buffer.from('{"model":"small"}')]) {
      bodies = [];
      expect(await bodyOf(encoded(coding, broken))).toMatchObject({ code: 'request.invalid' });
    }
  });

  test('of a client that goes away in the middle is aborted', async () => {
    const connection = await openRaw(port);
    connection.send(encoded('gzip', gzipSync('hello')).subarray(0, -4));
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    connection.socket.destroy();
    await expect.poll(() => bodies[0]).toMatchObject({ code: 'request.aborted' });
  });
});

describe('a body that comes too slowly', () => {
  test.each([
    ['announced', 'content-length: 50'],
    ['in chunks', 'transfer-encoding: chunked'],
    ['compressed', 'content-encoding: gzip\r\ncontent-length: 50'],
  ])('%s is given up', async (_, fields) => {
    rules = door({ limits: { bodyMs: 100 } });
    const connection = await openRaw(port);
    connection.send(post(fields, '', ''));
    await expect.poll(() => bodies[0]).toMatchObject({ code: 'request.timeout' });
    connection.socket.destroy();
  });
});

describe('bodies that do not fit beside the others', () => {
  test.each([
    ['announced', post('content-length: 90', '', '')],
    ['in chunks', post('transfer-encoding: chunked', '', `5a\r\n${'x'.repeat(90)}\r\n`)],
    ['compressed', encoded('gzip', gzipSync(Buffer.alloc(90)))],
  ])('%s: refused, to come again', async (_, request) => {
    rules = { ...door(), load: { ...door().load, hold: (_flight, bytes) => refuseOver(bytes) } };
    expect(await bodyOf(request)).toMatchObject({ code: 'gateway.overloaded' });
  });
});

function refuseOver(bytes: number): void {
  if (bytes >= 90) throw overloaded('body_bytes');
}

test('a body that came with its head is not waited for', async () => {
  const { pace } = rules;
  const watch = vi.fn((body: Paced) => pace.watch(body));
  rules = { ...rules, pace: { ...pace, watch } };
  expect(await bodyOf(post('content-length: 4', '', 'body'))).toEqual(Buffer.from('body'));
  expect(watch).not.toHaveBeenCalled();
  const connection = await openRaw(port);
  connection.send(post('content-length: 4', '', 'bo'));
  await expect.poll(() => watch.mock.calls.length).toBe(1);
  connection.send('dy');
  await expect.poll(() => bodies[1]).toEqual(Buffer.from('body'));
  connection.socket.destroy();
});
