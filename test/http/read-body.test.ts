import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GatewayError, toGatewayError } from '../../src/core/errors.ts';
import { incoming } from '../../src/http/incoming.ts';
import { openRaw } from '../support/raw-http.ts';

const LIMIT = 100;

let server: Server;
let port: number;
let bodies: (Buffer | GatewayError)[] = [];
/** Bytes that the server has taken off its sockets. */
let taken: () => number;
/** Held until the test lets the server read. */
let gate: Promise<void>;

beforeAll(async () => {
  server = createServer();
  server.on('request', answer);
  server.on('checkContinue', answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

function answer(...[request, response]: Parameters<typeof incoming>): void {
  taken = () => request.socket.bytesRead;
  const admitted = incoming(request, response, 0);
  void gate
    .then(() => admitted.read(LIMIT))
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
});

const post = (...lines: readonly string[]): string => ['POST /v1/messages HTTP/1.1', 'host: a', ...lines].join('\r\n');

/** Sends a request and returns what became of its body. */
async function bodyOf(bytes: string): Promise<Buffer | GatewayError | undefined> {
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
  test('compressed: refused, and its coding named', async () => {
    const body = await bodyOf(post('content-encoding: zstd', 'content-length: 5', '', 'hello'));
    expect(body).toMatchObject({ code: 'request.invalid', message: expect.stringContaining('`zstd`') as string });
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
