import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BodyControl, BodySink } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Incoming } from '../../src/core/exchange.ts';
import { dataApp } from '../../src/http/data-app.ts';
import type { Delivery } from '../../src/http/deliver.ts';
import { type InFlight, inFlight } from '../../src/http/in-flight.ts';
import { readiness } from '../../src/http/readiness.ts';
import { hostCheck } from '../../src/http/rebinding.ts';
import { openStreams, type Streams } from '../../src/http/streams.ts';
import { PAIR_ONE } from '../support/certificates.ts';
import { standstill } from '../support/raw-http.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  FRAME,
  GET,
  openRawStreams,
  POST,
  type RawStreams,
} from '../support/raw-http2.ts';
import { door } from '../support/door.ts';

let server: Server;
let port: number;
let streams: Streams;
let flight: InFlight;
let handle: (request: Incoming) => Promise<Delivery>;
let handled: Incoming[];
let sockets: Socket[];
let times = { requestMs: 60_000, idleMs: 60_000 };
let stallMs = 60_000;

const OK: Delivery = { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('answered') };

async function start(): Promise<void> {
  flight = inFlight();
  handled = [];
  sockets = [];
  handle = async () => OK;
  const app = dataApp({
    handle: (request) => {
      handled.push(request);
      return handle(request);
    },
    readiness: readiness({}),
    inFlight: flight,
    ...door({ flight, limits: { stallMs } }),
    checkHost: hostCheck('127.0.0.1'),
    now: () => 1_234,
    onFault: (error) => {
      throw error;
    },
  });
  streams = openStreams(app, times);
  server = createServer({ ...PAIR_ONE, ALPNProtocols: ['h2'] }, (socket) => {
    sockets.push(socket);
    streams.take(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
}

beforeEach(start);
afterEach(() => {
  sockets.forEach((socket) => socket.destroy());
  server.close();
});

interface Asked {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Whether it ended as a whole answer does. */
  readonly isWhole: boolean;
  readonly reset: number;
}

function dial(): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca: PAIR_ONE.cert, maxSessionMemory: 1_000 });
  session.on('error', () => {});
  return session;
}

function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer | string): Promise<Asked> {
  return new Promise((resolve) => {
    const stream = session.request(headers);
    let [head, text, isWhole]: [IncomingHttpHeaders & { ':status'?: number | undefined }, string, boolean] = [
      {},
      '',
      false,
    ];
    stream.on('response', (given) => (head = given));
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    stream.on('end', () => (isWhole = true));
    stream.on('error', () => {});
    stream.on('close', () =>
      resolve({ status: head[':status'], headers: head, text, isWhole, reset: stream.rstCode ?? 0 }),
    );
    stream.end(body);
  });
}

const once = async (headers: Record<string, string>, body?: Buffer | string): Promise<Asked> => {
  const session = dial();
  const answer = await ask(session, { ':path': '/v1/x', ...headers }, body);
  session.destroy();
  return answer;
};

async function connectTo(authority: string): Promise<Asked> {
  const session = dial();
  const answer = await ask(session, { ':method': 'CONNECT', ':authority': authority });
  session.destroy();
  return answer;
}

describe('a request over HTTP/2', () => {
  test('whose client takes nothing of its answer is cut off', async () => {
    server.close();
    stallMs = 100;
    await start();
    stallMs = 60_000;
    handle = async () => ({ ...OK, body: Buffer.alloc(67_108_864, 'x') });
    const session = dial();
    const stream = session.request({ ':path': '/v1/x' });
    stream.pause();
    const ended = new Promise<number>((resolve) => stream.on('close', () => resolve(stream.rstCode ?? 0)));
    stream.on('error', () => {});
    expect(await ended).toBe(constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  test('goes through the pipeline with the fields of HTTP/1.1, and its answer back', async () => {
    handle = async (incoming) => ({ ...OK, body: await incoming.read(100) });
    const answer = await once({ ':method': 'POST', ':path': '/v1/messages?beta=true', 'x-mine': '1' }, 'hello');
    expect(answer).toMatchObject({ status: 200, text: 'hello', isWhole: true, reset: 0 });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '5' });
    expect(handled).toMatchObject([
      { method: 'POST', path: '/v1/messages', query: '?beta=true', peer: '127.0.0.1', receivedAtMs: 1_234 },
    ]);
    expect(handled[0]?.headers).toEqual({ host: `127.0.0.1:${port}`, 'x-mine': '1', 'transfer-encoding': 'chunked' });
  });

  test('is read whole, however long, and not past its limit', async () => {
    handle = async (incoming) => ({ ...OK, body: Buffer.from(String((await incoming.read(20_000_000)).length)) });
    const post = { ':method': 'POST' };
    expect(await once(post, Buffer.alloc(20_000_000))).toMatchObject({ status: 200, text: '20000000' });
    const refused = await once(post, Buffer.alloc(20_000_001));
    expect(refused).toMatchObject({ status: 413, isWhole: true });
    expect(refused.text).toContain('request.too_large');
    expect((await once({ ...post, 'content-length': '20000001' }, Buffer.alloc(20_000_001))).status).toBe(413);
    await expect.poll(() => flight.count).toBe(0);
  });

  test('that is refused unread gets its answer whole, and its body is called off', async () => {
    handle = async () => ({ ...OK, status: 403 });
    expect(await once({ ':method': 'POST' }, Buffer.alloc(20_000_000))).toMatchObject({
      status: 403,
      text: 'answered',
      isWhole: true,
    });
    await expect.poll(() => flight.count).toBe(0);
  });

  test.each([
    ['HEAD', 200, '8'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('%s with %i gets a head and nothing else', async (method, status, length) => {
    handle = async () => ({ ...OK, status, ...(status !== 200 && { body: Buffer.alloc(0) }) });
    const answer = await once({ ':method': method });
    expect(answer).toMatchObject({ status, text: '', isWhole: true, reset: 0 });
    expect(answer.headers['content-length']).toBe(length);
    expect((await once({ ':method': 'HEAD', ':path': '/healthz' })).status).toBe(200);
  });

  test('is asked for its body where it waits to be', async () => {
    handle = async (incoming) => ({ ...OK, body: await incoming.read(100) });
    const session = dial();
    const stream = session.request(
      { ':method': 'POST', ':path': '/v1/x', expect: '100-continue' },
      { endStream: false },
    );
    const text = new Promise<string>((resolve) => stream.on('data', (chunk: Buffer) => resolve(chunk.toString())));
    await new Promise<void>((resolve) => stream.once('continue', resolve));
    stream.end('hello');
    expect(await text).toBe('hello');
    session.destroy();
  });
});

describe('what two readers could read in two ways', () => {
  const refused = async (fields: readonly (readonly [string, string])[]): Promise<string> => {
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS | END_STREAM, 1, block(fields));
    const last = await raw.until(
      ({ stream, type, flags }) => stream === 1 && (type === FRAME.reset || flags % 2 === 1),
    );
    raw.socket.destroy();
    return last.type === FRAME.reset ? `reset ${last.payload.readUInt32BE()}` : last.payload.toString();
  };

  test.each([
    ['another host than the authority', [['host', 'other']], '`host` occurs more than once'],
    [
      'two tokens',
      [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
      '`authorization` occurs more than once',
    ],
    ['a second authority', [[':authority', 'b']], 'reset 1'],
    ['a connection header', [['connection', 'close']], 'reset 1'],
    ['a framing of HTTP/1.1', [['transfer-encoding', 'chunked']], 'reset 1'],
    ['a te other than trailers', [['te', 'gzip']], 'reset 1'],
    ['a name in capitals', [['X-Mine', '1']], 'reset 1'],
    ['a protocol to switch to', [[':protocol', 'websocket']], 'reset 1'],
  ] as const)('%s is refused before the pipeline', async (_, fields, why) => {
    expect(await refused([...GET, ...fields])).toContain(why);
    expect(handled).toEqual([]);
  });

  test.each([
    ['a scheme that is not that of the connection', { ':scheme': 'http' }, '`:scheme`'],
    ['a path with dots', { ':path': '/v1/../x' }, 'plain form'],
    ['a host that is not loopback', { ':authority': 'evil.test' }, '`evil.test`'],
  ])('%s is refused before the pipeline', async (_, headers, why) => {
    expect((await once(headers)).text).toContain(why);
    expect(handled).toEqual([]);
  });

  test('CONNECT is refused, and so is a body on GET', async () => {
    expect((await connectTo('a:1')).status).toBe(405);
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS, 1, block(GET));
    await raw.until(({ stream, flags, type }) => stream === 1 && type === FRAME.data && flags === 1);
    expect(raw.frames.find(({ type }) => type === FRAME.data)?.payload.toString()).toContain('a GET has no body');
    raw.socket.destroy();
    expect(handled).toEqual([]);
  });

  test('the same host twice is one', async () => {
    expect(await refused([...GET, ['host', 'localhost']])).toBe('answered');
  });

  test('a body of another length than announced never counts as read', async () => {
    const read = Promise.withResolvers<unknown>();
    handle = async (incoming) => {
      incoming.read(100).then(read.resolve, read.reject);
      return OK;
    };
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS, 1, block([...POST, ['content-length', '9']]));
    raw.send(FRAME.data, END_STREAM, 1, Buffer.from('hello'));
    await expect(read.promise).rejects.toMatchObject({ code: 'request.aborted' });
    raw.socket.destroy();
  });
});

describe('a client that goes away', () => {
  const RESET = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
  const away: readonly (readonly [string, (raw: RawStreams) => void])[] = [
    ['by a reset', (raw) => raw.send(FRAME.reset, 0, 1, RESET)],
    ['with its connection', (raw) => raw.socket.destroy()],
  ];

  test.each(away)('%s in its body never looks as if it had sent all of it', async (_, go) => {
    const read = Promise.withResolvers<unknown>();
    handle = (incoming) => {
      incoming.read(100).then(read.resolve, read.reject);
      return new Promise(() => {});
    };
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS, 1, block(POST));
    raw.send(FRAME.data, 0, 1, Buffer.from('{"half":1}'));
    await expect.poll(() => handled.length).toBe(1);
    go(raw);
    await expect(read.promise).rejects.toMatchObject({ code: 'request.aborted' });
    await expect.poll(() => flight.count).toBe(0);
  });

  test.each(away)('%s before its body is read is told to whoever reads it then', async (_, go) => {
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS, 1, block(POST));
    raw.send(FRAME.data, 0, 1, Buffer.from('{"half":1}'));
    handle = () => new Promise(() => {});
    await expect.poll(() => flight.count).toBe(1);
    go(raw);
    await expect.poll(() => flight.count).toBe(0);
    await expect(handled[0]?.read(100)).rejects.toMatchObject({ code: 'request.aborted' });
  });

  test.each(away.flatMap(([how, go]) => ['GET', 'HEAD'].map((method) => [method, how, go] as const)))(
    'with %s, %s, before its answer is told to whoever listens',
    async (method, _, go) => {
      let aborted = 0;
      handle = (incoming) => {
        incoming.onAbort(() => (aborted += 1));
        return new Promise(() => {});
      };
      const raw = await openRawStreams(port);
      raw.send(FRAME.headers, END_HEADERS | END_STREAM, 1, block([[':method', method], ...GET.slice(1)]));
      await expect.poll(() => handled.length).toBe(1);
      go(raw);
      await expect.poll(() => aborted).toBe(1);
      handled[0]?.onAbort(() => (aborted += 1));
      expect(aborted).toBe(2);
      await expect.poll(() => flight.count).toBe(0);
    },
  );

  test.each(away)('%s in the stream of its answer stops the upstream', async (_, go) => {
    let cancelled = 0;
    const body = {
      start(sink: BodySink): BodyControl {
        sink.data(Buffer.from('first'));
        return { resume() {}, cancel: () => (cancelled += 1) };
      },
    };
    handle = async () => ({ ...OK, body });
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS | END_STREAM, 1, block(GET));
    await raw.until(({ type }) => type === FRAME.data);
    go(raw);
    await expect.poll(() => cancelled).toBe(1);
    await expect.poll(() => flight.count).toBe(0);
  });

  test('with an answer that was complete was not away', async () => {
    let aborted = 0;
    handle = async (incoming) => {
      incoming.onAbort(() => (aborted += 1));
      return OK;
    };
    await once({});
    await expect.poll(() => flight.count).toBe(0);
    expect(aborted).toBe(0);
  });
});

describe('an answer that flows', () => {
  function flowing(sinks: BodySink[], resume = (): void => {}): Delivery {
    return { ...OK, body: { start: (sink) => (sinks.push(sink), { resume, cancel() {} }) } };
  }

  test('ends when it has ended, and is broken off when it breaks', async () => {
    const sinks: BodySink[] = [];
    handle = async () => flowing(sinks);
    const session = dial();
    const [whole, broken] = [ask(session, { ':path': '/a' }), ask(session, { ':path': '/b' })];
    await expect.poll(() => sinks.length).toBe(2);
    sinks.forEach((sink) => sink.data(Buffer.from('first ')));
    sinks[0]?.end();
    sinks[1]?.fail(new GatewayError('upstream.broken', 'gone'));
    expect(await whole).toMatchObject({ text: 'first ', isWhole: true, reset: 0 });
    expect(await broken).toMatchObject({ isWhole: false, reset: constants.NGHTTP2_INTERNAL_ERROR });
    session.destroy();
  });

  test('waits for a reader that stopped, and leaves the other streams of its connection alone', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    const body = {
      start(sink: BodySink): BodyControl {
        const pump = (): void => {
          do sent += chunk.length;
          while (sink.data(chunk));
        };
        pump();
        return { resume: pump, cancel() {} };
      },
    };
    handle = async ({ path }) => (path === '/endless' ? { ...OK, body } : OK);
    const session = dial();
    const stopped = session.request({ ':path': '/endless' });
    stopped.on('error', () => {});
    const held = await standstill(() => sent);
    expect(held).toBeLessThan(1_000_000);
    expect(await ask(session, { ':path': '/v1/x' })).toMatchObject({ text: 'answered' });
    stopped.on('data', () => {});
    await expect.poll(() => sent).toBeGreaterThan(held + 1_000_000);
    session.destroy();
    await expect.poll(() => flight.count).toBe(0);
  });

  test('comes in order on each of a thousand streams of one connection', async () => {
    handle = async (incoming) => ({ ...OK, body: await incoming.read(1_000) });
    const session = dial();
    await new Promise<void>((resolve) => session.once('remoteSettings', () => resolve()));
    const answers = Array.from({ length: 1_000 }, (_, index) =>
      ask(session, { ':method': 'POST', ':path': `/v1/${index}` }, `body ${index}`),
    );
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(answers.map((_, index) => `body ${index}`));
    expect(sockets).toHaveLength(1);
    session.destroy();
  });
});

describe('what a peer may make us do', () => {
  const calm = (raw: RawStreams): Promise<void> => raw.closed;

  test('opening streams only to reset them ends its connection', async () => {
    handle = () => new Promise(() => {});
    const raw = await openRawStreams(port);
    for (let stream = 1; stream < 6_000; stream += 2) {
      raw.send(FRAME.headers, END_HEADERS | END_STREAM, stream, block(GET));
      raw.send(FRAME.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
    }
    await calm(raw);
    expect(handled.length).toBeLessThan(1_500);
    await expect.poll(() => flight.count).toBe(0);
  });

  test('a head that never ends ends its connection', async () => {
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, 0, 1, block(GET));
    for (let count = 0; count < 1_000; count += 1) raw.send(FRAME.continuation, 0, 1, block([[`h${count}`, 'x']]));
    await calm(raw);
    expect(handled).toEqual([]);
  });

  test('settings without end, and acknowledgements that it does not read, end its connection', async () => {
    const raw = await openRawStreams(port);
    raw.socket.pause();
    const setting = Buffer.from([0, 4, 0, 0, 255, 255]);
    await expect.poll(() => sockets.length).toBe(1);
    const closed = new Promise<void>((resolve) => sockets[0]?.once('close', () => resolve()));
    const flood = setInterval(() => {
      for (let count = 0; count < 5_000; count += 1) raw.send(FRAME.settings, 0, 0, setting);
    }, 5);
    await closed;
    clearInterval(flood);
    raw.socket.destroy();
  });

  test('more than a hundred fields are refused with a word, and far more with none', async () => {
    const fields = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, '1']));
    expect((await once(fields(101))).text).toContain('more than 100 header fields');
    expect(await once(fields(300))).toMatchObject({ status: undefined, reset: constants.NGHTTP2_ENHANCE_YOUR_CALM });
    const session = dial();
    // The limit on bytes is announced, and holds from its acknowledgement on.
    await ask(session, { ':path': '/v1/../x' });
    const long = await ask(session, { ':path': '/v1/x', 'x-long': 'x'.repeat(40_000) });
    expect(long).toMatchObject({ status: undefined, reset: constants.NGHTTP2_ENHANCE_YOUR_CALM });
    session.destroy();
    expect(handled).toEqual([]);
  });

  test('more streams at once than are announced are refused', async () => {
    handle = () => new Promise(() => {});
    const raw = await openRawStreams(port);
    await raw.until(({ type, flags }) => type === FRAME.settings && flags === 1);
    for (let stream = 1; stream <= 2_003; stream += 2) {
      raw.send(FRAME.headers, END_HEADERS | END_STREAM, stream, block(GET));
    }
    const refusal = await raw.until(({ type }) => type === FRAME.reset);
    expect([refusal.stream, refusal.payload.readUInt32BE()]).toEqual([2_001, constants.NGHTTP2_REFUSED_STREAM]);
    expect(handled).toHaveLength(1_000);
    raw.socket.destroy();
  });
});

describe('time', () => {
  test('a connection without a request ends, whatever else it says', async () => {
    times = { requestMs: 60_000, idleMs: 150 };
    server.close();
    await start();
    const raw = await openRawStreams(port);
    const pings = setInterval(() => raw.send(FRAME.ping, 0, 0, Buffer.alloc(8)), 20);
    await raw.closed;
    clearInterval(pings);
    expect(raw.frames.at(-1)?.type).toBe(FRAME.goaway);
  });

  test('a connection whose answer takes longer than that does not', async () => {
    times = { requestMs: 60_000, idleMs: 100 };
    server.close();
    await start();
    const answer = Promise.withResolvers<Delivery>();
    handle = () => answer.promise;
    const asked = once({});
    setTimeout(() => answer.resolve(OK), 400);
    expect(await asked).toMatchObject({ text: 'answered' });
  });

  test('a body that does not come in time is not waited for', async () => {
    times = { requestMs: 100, idleMs: 60_000 };
    server.close();
    await start();
    handle = async (incoming) => ({ ...OK, body: await incoming.read(100) });
    const raw = await openRawStreams(port);
    raw.send(FRAME.headers, END_HEADERS, 1, block(POST));
    raw.send(FRAME.data, 0, 1, Buffer.from('half'));
    const { payload } = await raw.until(({ type }) => type === FRAME.data);
    expect(payload.toString()).toContain('request.aborted');
    await raw.until(({ type, stream }) => type === FRAME.reset && stream === 1);
    await expect.poll(() => flight.count).toBe(0);
    raw.socket.destroy();
  });
});

describe('leaving', () => {
  test('answers what was sent, says that no more is taken, and ends each connection behind its last answer', async () => {
    const answer = Promise.withResolvers<Delivery>();
    handle = () => answer.promise;
    const [busy, idle] = [dial(), dial()];
    const goaways: number[] = [];
    busy.on('goaway', (code) => goaways.push(code));
    const asked = ask(busy, { ':path': '/v1/x' });
    await expect.poll(() => handled.length).toBe(1);
    await expect.poll(() => idle.connecting).toBe(false);
    streams.leave();
    await new Promise<void>((resolve) => idle.once('close', resolve));
    await expect.poll(() => goaways.length).toBeGreaterThan(0);
    expect(busy.destroyed).toBe(false);
    answer.resolve(OK);
    expect(await asked).toMatchObject({ text: 'answered', isWhole: true });
    await expect.poll(() => busy.destroyed).toBe(true);
    expect(goaways.every((code) => code === 0)).toBe(true);
  });

  test('still answers whoever comes, once', async () => {
    streams.leave();
    const session = dial();
    expect(await ask(session, { ':path': '/v1/x' })).toMatchObject({ text: 'answered' });
    await expect.poll(() => session.destroyed).toBe(true);
  });
});
