import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BodySink, BodySource } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { deliver, type Delivery } from '../../src/http/deliver.ts';
import { askRaw, openRaw, type RawConnection, standstill, statusOf } from '../support/raw-http.ts';

let server: Server;
let port: number;
let handle: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((_, response) => handle(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
const OK = { status: 200, headers: { 'content-type': 'application/json' } };
const STREAM = { status: 200, headers: { 'content-type': 'text/event-stream' } };
const BROKEN = new GatewayError('upstream.broken', 'the upstream broke off');

/** A body that the test pushes by hand, and what its reader asked of it. */
function manual(): { body: BodySource; sink: Promise<BodySink>; log: string[]; next: (word: string) => Promise<void> } {
  const log: string[] = [];
  const { promise, resolve } = Promise.withResolvers<BodySink>();
  const body: BodySource = {
    start(sink) {
      resolve(sink);
      return { resume: () => void log.push('resume'), cancel: () => void log.push('cancel') };
    },
  };
  return { body, sink: promise, log, next: (word) => expect.poll(() => log).toContain(word) };
}

async function ask(delivery: Delivery, request = REQUEST): Promise<RawConnection> {
  handle = (response) => deliver(delivery, response);
  const connection = await openRaw(port);
  connection.send(request);
  return connection;
}

describe('an answer at rest', () => {
  test('that its reader does not take is given up', async () => {
    let closed = false;
    handle = (response) => {
      response.on('close', () => (closed = true));
      deliver({ ...OK, body: Buffer.alloc(67_108_864, 'x') }, response, { stallMs: 100 });
    };
    const connection = await openRaw(port);
    connection.socket.pause();
    connection.send(REQUEST);
    await expect.poll(() => closed).toBe(true);
    connection.socket.destroy();
  });

  test('leaves in one write, with its length', async () => {
    let writes = 0;
    handle = (response) => {
      const { socket } = response;
      const own = Socket.prototype;
      Object.assign(socket ?? {}, {
        _write: (...given: Parameters<Socket['_write']>) => ((writes += 1), own._write.apply(socket, given)),
        _writev: (...given: Parameters<NonNullable<Socket['_writev']>>) => (
          (writes += 1),
          own._writev?.apply(socket, given)
        ),
      });
      deliver({ ...OK, body: Buffer.from('{"a":1}') }, response);
    };
    const answer = await askRaw(port, REQUEST);
    expect(answer).toMatch(/content-length: 7\r\n[^]*\r\n\r\n\{"a":1\}$/i);
    expect(writes).toBe(1);
  });

  test('keeps the length that its upstream stated', async () => {
    handle = (response) =>
      deliver({ status: 200, headers: { 'content-length': '2' }, body: Buffer.from('ok') }, response);
    expect((await askRaw(port, REQUEST)).match(/content-length/gi)).toHaveLength(1);
  });

  test.each([204, 304])('with status %i has neither body nor chunks', async (status) => {
    handle = (response) => deliver({ status, headers: {}, body: Buffer.alloc(0) }, response);
    const answer = await askRaw(port, REQUEST);
    expect(statusOf(answer)).toBe(status);
    expect(answer).toMatch(/\r\n\r\n$/);
    expect(answer).not.toMatch(/transfer-encoding/i);
  });

  test('to HEAD has the head alone, with the length of the body', async () => {
    handle = (response) => deliver({ ...OK, body: Buffer.from('{"a":1}') }, response);
    const answer = await askRaw(port, REQUEST.replace('GET', 'HEAD'));
    expect(answer).toMatch(/content-length: 7\r\n/i);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test('to a client that has gone is nothing', async () => {
    const done = Promise.withResolvers<void>();
    handle = (response) => {
      response.destroy();
      deliver({ ...OK, body: Buffer.from('late') }, response);
      done.resolve();
    };
    await askRaw(port, REQUEST);
    await expect(done.promise).resolves.toBeUndefined();
  });
});

describe('an early answer, while the body of its request is still on its way', () => {
  const big = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 104857600\r\n\r\n';

  test('arrives at once, the rest of the request is not read, and the connection ends', async () => {
    let taken = 0;
    handle = (response) => {
      const { socket } = response;
      response.once('close', () => (taken = socket?.bytesRead ?? 0));
      deliver({ status: 413, headers: {}, body: Buffer.from('too large') }, response);
    };
    const connection = await openRaw(port);
    connection.send(big);
    const chunk = Buffer.alloc(1_048_576);
    const pump = (): void =>
      void (!connection.socket.destroyed && connection.socket.write(chunk, () => setImmediate(pump)));
    pump();
    const answer = await connection.until(/too large$/);
    expect(statusOf(answer)).toBe(413);
    expect(answer).toMatch(/connection: close/i);
    await connection.closed;
    expect(taken).toBeLessThan(2 * 1_048_576);
  });

  test('leaves the connection in use where little is left of the request', async () => {
    handle = (response) => deliver({ status: 401, headers: {}, body: Buffer.from('who are you?') }, response);
    const connection = await openRaw(port);
    connection.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe');
    await connection.until(/who are you\?$/);
    connection.send('llo');
    connection.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await connection.until(/who are you\?[^]*who are you\?$/);
    expect(connection.text).not.toMatch(/connection: close/i);
    connection.socket.destroy();
  });
});

test('an early answer to a client that still waits to be asked for its body ends the connection', async () => {
  const answer = (response: ServerResponse): void =>
    void deliver({ status: 401, headers: {}, body: Buffer.from('who are you?') }, response);
  server.once('checkContinue', (_, response) => answer(response));
  handle = answer;
  const connection = await openRaw(port);
  connection.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n');
  expect(await connection.closed).toMatch(/401 Unauthorized[^]*connection: close\r\n[^]*who are you\?$/);
});

describe('an answer that flows', () => {
  test('its head leaves before its body, and every chunk as it comes', async () => {
    const { body, sink } = manual();
    const connection = await ask({ ...STREAM, body });
    await connection.until(/\r\n\r\n$/);
    const pushed = await sink;
    for (const word of ['one', 'two', 'three']) {
      expect(pushed.data(Buffer.from(`data: ${word}\n\n`))).toBe(true);
      await connection.until(new RegExp(`data: ${word}\n\n`));
    }
    pushed.end();
    expect(await connection.closed).toMatch(/\r\n0\r\n\r\n$/);
  });

  test('a reader that takes nothing for too long is cut off, and its upstream told', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    const cancelled = Promise.withResolvers<void>();
    const endless: BodySource = {
      start(sink) {
        const resume = (): void => {
          while (sink.data(chunk));
        };
        setImmediate(resume);
        return { resume, cancel: () => cancelled.resolve() };
      },
    };
    handle = (response) => deliver({ ...STREAM, body: endless }, response, { stallMs: 100 });
    const connection = await openRaw(port);
    connection.send(REQUEST);
    await connection.until(/\r\n\r\n/);
    connection.socket.pause();
    await cancelled.promise;
    connection.socket.resume();
    await connection.closed;
  });

  test('a reader that takes its time between two pieces is not', async () => {
    const { body, sink, log } = manual();
    handle = (response) => deliver({ ...STREAM, body }, response, { stallMs: 50 });
    const connection = await openRaw(port);
    connection.send(REQUEST);
    await connection.until(/\r\n\r\n$/);
    connection.socket.pause();
    const pushed = await sink;
    while (pushed.data(Buffer.alloc(65_536, 'x')));
    connection.socket.resume();
    await expect.poll(() => log).toContain('resume');
    await standstill(() => log.length);
    pushed.data(Buffer.from('data: last\n\n'));
    pushed.end();
    expect(await connection.closed).toContain('data: last');
  });

  test('a reader that stops, stops the upstream, and starts it again when it reads on', async () => {
    const { body, sink, log, next } = manual();
    const connection = await ask({ ...STREAM, body });
    await connection.until(/\r\n\r\n$/);
    connection.socket.pause();
    const pushed = await sink;
    const chunk = Buffer.alloc(65_536, 'x');
    let pushes = 0;
    while (pushed.data(chunk) && pushes < 1_000) pushes += 1;
    expect(pushes).toBeLessThan(1_000);
    await standstill(() => log.length);
    const before = log.length;
    let taken = true;
    for (let index = 0; index < 400 && taken; index += 1) {
      taken = pushed.data(chunk);
      await standstill(() => log.length, 5);
    }
    expect(taken).toBe(false);
    connection.socket.resume();
    await expect.poll(() => log.length).toBeGreaterThan(before);
    await next('resume');
    pushed.end();
    await connection.closed;
    expect(log).not.toContain('cancel');
  });

  test('a client that goes away cancels it, once', async () => {
    const { body, sink, log, next } = manual();
    const connection = await ask({ ...STREAM, body });
    (await sink).data(Buffer.from('data: one\n\n'));
    await connection.until(/one/);
    connection.socket.destroy();
    await next('cancel');
    expect(log.filter((word) => word === 'cancel')).toHaveLength(1);
  });

  test('a client that goes away after the end cancels nothing', async () => {
    const { body, sink, log } = manual();
    const connection = await ask({ ...STREAM, body }, REQUEST.replace('connection: close\r\n', ''));
    (await sink).end();
    await connection.until(/\r\n0\r\n\r\n$/);
    connection.socket.destroy();
    await connection.closed;
    expect(log).not.toContain('cancel');
  });

  test('to a client that has gone already is cancelled without a byte', async () => {
    const { body, log, next } = manual();
    handle = (response) => {
      response.destroy();
      deliver({ ...STREAM, body }, response);
    };
    await askRaw(port, REQUEST);
    await next('cancel');
    expect(log).toEqual(['cancel']);
  });

  test('with a head that cannot be written is cancelled, and the fault told', async () => {
    const { body, log } = manual();
    let thrown: unknown;
    handle = (response) => {
      try {
        deliver({ status: 200, headers: { 'x-bad': 'a\u0000b' }, body }, response);
      } catch (error) {
        thrown = error;
        response.writeHead(500).end();
      }
    };
    await askRaw(port, REQUEST);
    expect(thrown).toMatchObject({ code: 'ERR_INVALID_CHAR' });
    expect(log).toEqual(['cancel']);
  });
});

describe('an answer that breaks', () => {
  const EVENT = '\n\nevent: error\ndata: {}\n\n';

  async function broken(delivery: Partial<Delivery>, chunks: readonly string[], request = REQUEST): Promise<string> {
    const { body, sink } = manual();
    const connection = await ask({ ...STREAM, ...delivery, body }, request);
    const pushed = await sink;
    for (const chunk of chunks) pushed.data(Buffer.from(chunk));
    await connection.until(new RegExp(chunks.at(-1) ?? ''));
    pushed.fail(BROKEN);
    return connection.closed;
  }

  const bodyOf = (answer: string): string =>
    answer.slice(answer.indexOf('\r\n\r\n') + 4).replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');

  test('between two events ends with the error event of its dialect', async () => {
    const body = bodyOf(await broken({ broken: () => EVENT }, ['data: one\n\n']));
    expect(body).toBe('data: one\n\nevent: error\ndata: {}\n\n\r\n');
  });

  test('within an event ends that event first', async () => {
    const body = bodyOf(await broken({ broken: () => EVENT }, ['data: one\n\n', 'data: {"tor']));
    expect(body).toBe('data: one\n\ndata: {"tor\n\nevent: error\ndata: {}\n\n\r\n');
  });

  test('is told what broke', async () => {
    let told: GatewayError | undefined;
    await broken({ broken: (error) => ((told = error), EVENT) }, ['data: one\n\n']);
    expect(told).toBe(BROKEN);
  });

  test.each([
    ['no error event', {}],
    ['an empty one', { broken: () => '' }],
  ])('with %s is cut, so that nobody takes it for complete', async (_, delivery) => {
    const answer = await broken(delivery, ['data: one\n\n']);
    expect(answer).toContain('one');
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  test('to HTTP/1.0, where the end of the connection would be a clean end, resets the connection', async () => {
    const { body, sink } = manual();
    const connection = await ask({ status: 200, headers: {}, body }, 'GET / HTTP/1.0\r\n\r\n');
    let reset: NodeJS.ErrnoException | undefined;
    connection.socket.on('error', (error) => (reset = error));
    await connection.until(/\r\n\r\n$/);
    (await sink).data(Buffer.from('half'));
    await connection.until(/half$/);
    (await sink).fail(BROKEN);
    await connection.closed;
    expect(reset?.code).toBe('ECONNRESET');
  });
});

describe('pieces of a body', () => {
  const pieces = ['a', '', 'bc', 'x'.repeat(20_000), 'd'.repeat(300)];
  const text = pieces.join('');

  async function answered(request: string): Promise<string> {
    const body: BodySource = {
      start(sink) {
        for (const piece of pieces) sink.data(Buffer.from(piece));
        sink.end();
        return { resume() {}, cancel() {} };
      },
    };
    const connection = await ask({ ...STREAM, body }, request);
    return connection.closed;
  }

  test('arrive in order and whole, small and large ones, and an empty one ends nothing', async () => {
    const answer = await answered(REQUEST);
    expect(answer).toMatch(/^transfer-encoding: chunked\r$/im);
    const chunks = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    let at = 0;
    let read = '';
    for (let size = NaN; size !== 0;) {
      const end = chunks.indexOf('\r\n', at);
      size = Number.parseInt(chunks.slice(at, end), 16);
      read += chunks.slice(end + 2, end + 2 + size);
      at = end + 2 + size + 2;
    }
    expect(read).toBe(text);
    expect(at).toBe(chunks.length);
  });

  test('go without chunks to HTTP/1.0, and not at all to HEAD', async () => {
    expect(await answered('GET / HTTP/1.0\r\nhost: a\r\n\r\n')).toMatch(new RegExp(`\r\n\r\n${text}$`));
    expect(await answered('HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toMatch(/\r\n\r\n$/);
  });

  test('of many answers leave nothing behind on a connection that stays', async () => {
    const sockets = new Set<Socket>();
    handle = (response) => {
      if (response.socket) sockets.add(response.socket);
      const body: BodySource = {
        start(sink) {
          for (let piece = 0; piece < 200; piece += 1) sink.data(Buffer.alloc(10_000, 'x'));
          sink.end();
          return { resume() {}, cancel() {} };
        },
      };
      deliver({ ...STREAM, body }, response);
    };
    const connection = await openRaw(port);
    for (let call = 1; call <= 3; call += 1) {
      connection.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await connection.until(new RegExp(`(?:\r\n0\r\n\r\n[^]*){${call}}$`));
    }
    const [socket, ...others] = sockets;
    expect(others).toEqual([]);
    await expect.poll(() => socket?.listenerCount('drain')).toBe(1);
    connection.socket.destroy();
  });
});
