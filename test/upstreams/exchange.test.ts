import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAtRest } from '../../src/core/body.ts';
import { freePort } from '../support/redis.ts';
import { standstill } from '../support/raw-http.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall } from '../telemetry/calls.ts';
import { type Caller, callerOf, read } from './calling.ts';

let server: ScriptedUpstream;
let caller: Caller;
beforeEach(async () => {
  server = await scriptedUpstream();
  caller = callerOf(server.url);
});
afterEach(async () => {
  await caller.close();
  await server.close();
});

/** An upstream that answers in bytes, as no HTTP server would. */
async function rawUpstream(answer: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
  const raw = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const address = raw.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, server: raw };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a small answer', () => {
  test('comes whole, so that it can leave in one write', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('hello');
      setImmediate(() => response.end('world'));
    };
    expect(await caller.send(chatCall())).toMatchObject({ status: 200, body: Buffer.from('helloworld') });
  });

  test.each([204, 304])('with status %i is at rest and empty', async (status) => {
    server.answer = (_, response) => response.writeHead(status).end();
    const answer = await caller.send(chatCall());
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual(Buffer.alloc(0));
  });

  test('that breaks off is no answer', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    };
    const message = expect.stringContaining('in the middle of its answer') as string;
    await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'upstream.broken', message });
  });

  test('to HEAD has the length that the body would have', async () => {
    server.answer = (_, response) => response.writeHead(200, { 'content-length': '1234' }).end();
    const answer = await caller.send(chatCall({ method: 'HEAD', body: Buffer.alloc(0) }));
    expect(answer.headers['content-length']).toBe('1234');
    expect(answer.body).toEqual(Buffer.alloc(0));
  });
});

describe('an answer that flows', () => {
  test.each([
    ['of no stated length', { 'content-type': 'application/json' }],
    ['of a large one', { 'content-length': '1000000' }],
    ['of events, whatever their length', { 'content-type': 'text/event-stream', 'content-length': '12' }],
  ])('%s is handed on when its head stands', async (_, headers) => {
    server.answer = (__, response) => response.writeHead(200, headers).flushHeaders();
    const answer = await caller.send(chatCall());
    expect(isAtRest(answer.body)).toBe(false);
    read(answer).control.cancel();
  });

  test('comes chunk by chunk, each before the next was sent', async () => {
    const pushed = Promise.withResolvers<(text: string) => void>();
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      pushed.resolve((text) => (text === '' ? response.end() : response.write(text)));
    };
    const body = read(await caller.send(chatCall()));
    const push = await pushed.promise;
    for (const text of ['data: one\n\n', 'data: two\n\n', 'data: three\n\n']) {
      push(text);
      await expect.poll(() => body.text().endsWith(text)).toBe(true);
    }
    expect(body.end).toBe('open');
    push('');
    await expect.poll(() => body.end).toBe('ended');
  });

  test('loses nothing when all of it came before anybody started it', async () => {
    const text = 'data: x\n\n'.repeat(1_000);
    server.answer = (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
    const answer = await caller.send(chatCall());
    await standstill(() => server.received.length, 50);
    const body = read(answer);
    expect(body.text()).toBe(text);
    expect(body.end).toBe('ended');
  });

  test('loses nothing when its connection closed before anybody started it', async () => {
    const text = 'x'.repeat(300_000);
    const raw = await rawUpstream((socket) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${text}`));
    const own = callerOf(raw.url);
    const answer = await own.send(chatCall());
    await standstill(() => 0, 100);
    const body = read(answer);
    await expect.poll(() => body.end).toBe('ended');
    expect(body.bytes).toBe(text.length);
    await own.close();
    raw.server.close();
  });

  test('and breaks before anybody started it gives what came, and then its failure', async () => {
    const raw = await rawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', () => socket.destroy());
    });
    const own = callerOf(raw.url);
    const answer = await own.send(chatCall());
    await standstill(() => 0, 50);
    const body = read(answer);
    expect(body.text()).toBe('hello');
    expect(body.end).toMatchObject({ code: 'upstream.broken' });
    await own.close();
    raw.server.close();
  });

  test.each([
    ['chunks that never end', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['a length that never comes', 'content-length: 1000000\r\n\r\nhello'],
    ['chunks that are none', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n'],
  ])('with %s fails, and never ends as if it were complete', async (_, rest) => {
    const raw = await rawUpstream((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => setTimeout(() => socket.end(), 20)),
    );
    const own = callerOf(raw.url);
    const body = read(await own.send(chatCall()));
    await expect.poll(() => body.end).toMatchObject({ code: 'upstream.broken' });
    expect(body.text()).toBe('hello');
    await own.close();
    raw.server.close();
  });

  test('is cancelled with its connection at once, and its reader hears no more of it', async () => {
    const cut = Promise.withResolvers<void>();
    server.answer = (_, response) => {
      response.once('close', cut.resolve);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = (): void => void (!response.destroyed && response.write('data: x\n\n', () => setTimeout(push, 1)));
      push();
    };
    const body = read(await caller.send(chatCall()));
    await expect.poll(() => body.bytes).toBeGreaterThan(50);
    const before = performance.now();
    body.control.cancel();
    const seen = body.bytes;
    await cut.promise;
    expect(performance.now() - before).toBeLessThan(1_000);
    await turn();
    expect(body).toMatchObject({ bytes: seen, end: 'open' });
    body.control.cancel();
  });

  test('does not notice a client’s going away: that is for its reader to tell', async () => {
    const finish = Promise.withResolvers<() => void>();
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      finish.resolve(() => response.end('data: last\n\n'));
    };
    const body = read(await caller.send(chatCall()));
    caller.leave();
    (await finish.promise)();
    await expect.poll(() => body.end).toBe('ended');
    expect(body.text()).toBe('data: last\n\n');
  });
});

describe('a reader that stops', () => {
  const TOTAL = 67_108_864;
  // What both sockets' buffers of the system hold, and a little of ours.
  const ON_THE_WAY_MAX = 24 * 1_048_576;
  let sent = 0;

  /** Answers with bytes as fast as they are taken. */
  function pour(): void {
    const chunk = Buffer.alloc(65_536, 'x');
    sent = 0;
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      const pump = (): void => {
        while (sent < TOTAL) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    };
  }

  test('stops the upstream, within bounded memory; reading on brings all the rest', async () => {
    pour();
    const body = read(await caller.send(chatCall()), false);
    const stalled = await standstill(() => sent);
    const taken = body.bytes;
    expect(stalled - taken).toBeLessThan(ON_THE_WAY_MAX);
    body.control.resume();
    await expect.poll(() => body.bytes).toBeGreaterThan(taken);
    body.takes = true;
    body.control.resume();
    await expect.poll(() => body.end, { timeout: 15_000 }).toBe('ended');
    expect(body.bytes).toBe(TOTAL);
  });

  test('before it has started holds no more than a little of the body, and gets no more than that unasked', async () => {
    pour();
    const answer = await caller.send(chatCall());
    expect(await standstill(() => sent)).toBeLessThan(TOTAL / 2);
    const body = read(answer, false);
    const held = body.bytes;
    expect(held).toBeLessThan(1_048_576);
    expect(await standstill(() => body.bytes, 50)).toBe(held);
    body.takes = true;
    body.control.resume();
    await expect.poll(() => body.end, { timeout: 15_000 }).toBe('ended');
    expect(body.bytes).toBe(TOTAL);
  });
});

describe('an upstream that does not answer', () => {
  test('within its time for the head: timed out, and maybe carried out', async () => {
    server.answer = () => {};
    const own = callerOf(server.url, { timeouts: { connectMs: 1_000, headersMs: 100, idleMs: 10_000 } });
    await expect(own.send(chatCall())).rejects.toMatchObject({
      code: 'upstream.timeout',
      status: 504,
      message: expect.stringMatching(/did not answer within its time-out.*may have been carried out/) as string,
    });
    await own.close();
  });

  test('within its time for a piece of its body: timed out, in the middle', async () => {
    server.answer = (_, response) => void response.writeHead(200, {}).write('half');
    const own = callerOf(server.url, { timeouts: { connectMs: 1_000, headersMs: 10_000, idleMs: 100 } });
    const body = read(await own.send(chatCall()));
    await expect
      .poll(() => body.end, { timeout: 5_000 })
      .toMatchObject({
        code: 'upstream.timeout',
        message: expect.stringContaining('idle time-out') as string,
      });
    await own.close();
  });

  test('within its time for a connection: unreachable, and not carried out', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const own = callerOf(`https://127.0.0.1:${port}`, {
      timeouts: { connectMs: 100, headersMs: 10_000, idleMs: 10_000 },
    });
    await expect(own.send(chatCall())).rejects.toMatchObject({
      code: 'upstream.unreachable',
      message: expect.stringContaining('was not carried out') as string,
    });
    await own.close();
    mute.close();
  });

  test.each([
    ['nobody listens', async () => `http://127.0.0.1:${await freePort()}`],
    ['it speaks no TLS', async () => server.url.replace('http:', 'https:')],
  ])('because %s: unreachable, and not carried out', async (_, address) => {
    const own = callerOf(await address());
    await expect(own.send(chatCall())).rejects.toMatchObject({ code: 'upstream.unreachable', status: 502 });
    await own.close();
  });

  test('and breaks the connection instead: broken, and maybe carried out', async () => {
    server.answer = (_, response) => response.destroy();
    await expect(caller.send(chatCall())).rejects.toMatchObject({
      code: 'upstream.broken',
      message: expect.stringMatching(/before it answered.*may have been carried out/) as string,
    });
  });

  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
  ])('but says %s: broken', async (_, bytes) => {
    const raw = await rawUpstream((socket) => socket.write(bytes));
    const own = callerOf(raw.url);
    await expect(own.send(chatCall())).rejects.toMatchObject({ code: 'upstream.broken' });
    await own.close();
    raw.server.close();
  });

  test('because its pool was closed: unreachable', async () => {
    await caller.upstream.pool.close();
    await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'upstream.unreachable' });
  });
});

test('what an upstream says ahead of its answer is passed over', async () => {
  const raw = await rawUpstream((socket) =>
    socket.write(
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    ),
  );
  const own = callerOf(raw.url);
  const answer = await own.send(chatCall());
  expect(answer).toMatchObject({ status: 200, body: Buffer.from('ok') });
  expect(answer.headers).not.toHaveProperty('link');
  await own.close();
  raw.server.close();
});

test('an answer that nobody asked for is given to nobody', async () => {
  const raw = await rawUpstream((socket) => {
    const answer = (text: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    socket.write(answer('mine') + answer('poison'));
  });
  const own = callerOf(raw.url, { connections: 1 });
  expect((await own.send(chatCall())).body).toEqual(Buffer.from('mine'));
  await standstill(() => 0, 50);
  expect((await own.send(chatCall())).body).toEqual(Buffer.from('mine'));
  await own.close();
  raw.server.close();
});
