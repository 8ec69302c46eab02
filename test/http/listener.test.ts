import { createServer as createTcp } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { type Listener, listen, type ListenerOptions, listenerOf } from '../../src/http/listener.ts';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';

const open: Listener[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) {
    const closed = listener.close();
    listener.destroy();
    await closed;
  }
});

type Env = { Bindings: HttpBindings };

async function start(
  app = new Hono<Env>().all('*', (context) => context.text('ok')),
  options: Partial<ListenerOptions> = {},
): Promise<Listener> {
  const listener = await listen(listenerOf(app), { host: '127.0.0.1', port: 0, ...options });
  open.push(listener);
  return listener;
}

const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ms} ms`)), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

describe('listening', () => {
  test('tells the address that the system gave it', async () => {
    const listener = await start();
    expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`);
    expect(listener.port).toBeGreaterThan(0);
    expect((await start(undefined, { host: '::1' })).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test('throws where the address is taken', async () => {
    const taken = createTcp();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(listen(listenerOf(new Hono<Env>()), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    taken.close();
  });
});

describe('closing', () => {
  test('is prompt with connections that are kept alive, and with one that never said a word', async () => {
    const listener = await start();
    const kept = await openRaw(listener.port);
    kept.send(REQUEST);
    await kept.until(/ok$/);
    const silent = await openRaw(listener.port);
    const halfway = await openRaw(listener.port);
    halfway.send('GET / HTTP/1.1\r\nho');
    await within(2_000, listener.close());
    await Promise.all([kept.closed, silent.closed, halfway.closed]);
  });

  test('waits for an open answer, and ends its connection right behind it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const app = new Hono<Env>().all('*', async (context) => {
      await promise;
      return context.text('at last');
    });
    const listener = await start(app);
    const connection = await openRaw(listener.port);
    connection.send(REQUEST);
    let closed = false;
    const closing = listener.close().then(() => (closed = true));
    await new Promise((done) => setTimeout(done, 700));
    expect(closed).toBe(false);
    resolve();
    await connection.until(/at last$/);
    await within(1_000, closing);
    await within(1_000, connection.closed);
  });

  test('ends the connection of an answer that is done while another is still open', async () => {
    const answers = new Map<string, () => void>();
    const app = new Hono<Env>().all('*', async (context) => {
      await new Promise<void>((resolve) => answers.set(context.req.path, resolve));
      return context.text('done');
    });
    const listener = await start(app);
    const [short, long] = [await openRaw(listener.port), await openRaw(listener.port)];
    short.send(REQUEST.replace('/', '/short'));
    long.send(REQUEST.replace('/', '/long'));
    await expect.poll(() => answers.size).toBe(2);
    const closing = listener.close();
    answers.get('/short')?.();
    await within(1_000, short.closed);
    expect(long.socket.destroyed).toBe(false);
    answers.get('/long')?.();
    await closing;
  });

  test('takes no new connection', async () => {
    const listener = await start();
    await listener.close();
    await expect(openRaw(listener.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('idle connections can be ended while the listener goes on', async () => {
  const listener = await start();
  const kept = await openRaw(listener.port);
  kept.send(REQUEST);
  await kept.until(/ok$/);
  listener.closeIdle();
  await within(1_000, kept.closed);
  expect(statusOf(await askRaw(listener.port, REQUEST.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')))).toBe(200);
});

test('a header field more than Node would keep is not dropped', async () => {
  let seen = 0;
  const app = new Hono<Env>().all('*', (context) => {
    seen = context.env.incoming.rawHeaders.length / 2;
    return context.text('ok');
  });
  const listener = await start(app);
  const fields = Array.from({ length: 1_500 }, (_, index) => `a${index}:`).join('\r\n');
  await askRaw(listener.port, `GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${fields}\r\n\r\n`);
  expect(seen).toBe(1_502);
});

test('a request behind one that is not answered yet is not handled, and the connection ends behind both answers', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handled: string[] = [];
  const app = new Hono<Env>().all('*', async (context) => {
    handled.push(context.req.path);
    await promise;
    return context.text('first');
  });
  const listener = await start(app);
  const connection = await openRaw(listener.port);
  connection.send(REQUEST + REQUEST.replace('GET /', 'GET /behind'));
  await expect.poll(() => handled).toEqual(['/']);
  resolve();
  expect(await connection.closed).toMatch(/ 200 OK[^]*first[^]* 400 Bad Request[^]*one request at a time/);
  expect(handled).toEqual(['/']);
});

test('requests one after the other share a connection', async () => {
  const listener = await start();
  const connection = await openRaw(listener.port);
  for (let index = 1; index <= 20; index += 1) {
    connection.send(REQUEST);
    await expect.poll(() => connection.text.split('HTTP/1.1 200 OK').length - 1).toBe(index);
    await connection.until(/ok$/);
  }
  connection.socket.destroy();
});

describe('a client that takes its time', () => {
  const times = { headMs: 200, bodyMs: 30_000, idleMs: 100 };

  test.each([
    ['says nothing at all', ''],
    ['sends half a head', 'GET / HTTP/1.1\r\nho'],
  ])('and %s is told 408 and let go', async (_, bytes) => {
    const listener = await start(undefined, { times });
    const connection = await openRaw(listener.port);
    connection.send(bytes);
    expect(statusOf(await within(5_000, connection.closed))).toBe(408);
  });

  test('and sends its head a byte at a time is told 408 and let go', async () => {
    const listener = await start(undefined, { times });
    const connection = await openRaw(listener.port);
    connection.send('GET / HTTP/1.1\r\nx: ');
    const drip = setInterval(() => connection.send('x'), 20);
    expect(statusOf(await within(5_000, connection.closed))).toBe(408);
    clearInterval(drip);
  });

  test('before its next request finds its connection closed', async () => {
    const listener = await start(undefined, { times });
    const connection = await openRaw(listener.port);
    connection.send(REQUEST);
    await connection.until(/ok$/);
    await within(5_000, connection.closed);
  });
});

test('more connections than may be open are turned away', async () => {
  const shed: string[] = [];
  const limits = { connections: 1, connectionsPerPeer: 1, onShed: (reason: string) => shed.push(reason) };
  const listener = await start(undefined, { limits });
  const first = await openRaw(listener.port);
  expect(statusOf(await (await openRaw(listener.port)).closed)).toBe(503);
  expect(shed).toEqual(['connections']);
  first.socket.destroy();
});
