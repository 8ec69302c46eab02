// Which calls are sent again, against real servers that fail in every way.
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectBody } from '../../src/core/body.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { forwarder, type ForwardSource, type Way } from '../../src/upstreams/forward.ts';
import { openUpstream, type Upstream } from '../../src/upstreams/upstream.ts';
import { json, scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall, incoming, toolCall } from '../telemetry/calls.ts';
import { ONCE, read, TIMEOUTS, WAYS } from './calling.ts';
import { NO_FLIGHT } from '../support/runs.ts';

let server: ScriptedUpstream;
let upstream: Upstream;
let attempts: { readonly status?: number; readonly error?: unknown }[];
let pauses: number[];
let retries: string[];
let leave: () => void;
let now: number;
let way: Way;

beforeEach(async () => {
  server = await scriptedUpstream();
  open(server.url);
  [attempts, pauses, retries] = [[], [], []];
  const listeners: (() => void)[] = [];
  let isGone = false;
  leave = () => {
    isGone = true;
    for (const listener of listeners.splice(0)) listener();
  };
  now = 0;
  way = {
    flight: NO_FLIGHT,
    request: incoming({
      onAbort: (listener) => {
        if (isGone) listener();
        else listeners.push(listener);
      },
    }),
    trace: {
      traceId: '',
      attempt: () => ({ headers: {}, end: (result) => void attempts.push(result) }),
      waited: () => {},
      end: () => {},
    },
  };
});
afterEach(async () => {
  await upstream.pool.destroy();
  await server.close();
});

function open(url: string): void {
  upstream = openUpstream({
    name: 'openai',
    url,
    credential: undefined,
    timeouts: { ...TIMEOUTS, headersMs: 300, idleMs: 300 },
    connections: 8,
    retry: { ...ONCE.retry, attempts: 2 },
    circuit: { ...ONCE.circuit, failures: 4, monotonicMs: () => now },
  });
}

function send(call: PermittedCall, change: Partial<ForwardSource> = {}, more: Partial<Way> = {}): Promise<Answer> {
  const forward = forwarder({
    ...WAYS,
    upstreams: new Map([['openai', upstream]]),
    pause: async (ms) => void pauses.push(ms),
    onRetry: (_, outcome) => void retries.push(outcome),
    ...change,
  });
  return forward(call, 'openai', { ...way, ...more });
}

/** A server that does as told with each connection that has sent something. */
async function rawServer(answer: (write: (text: string) => void, cut: () => void) => void): Promise<Server> {
  const raw = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () =>
      answer(
        (text) => void socket.write(text),
        () => socket.resetAndDestroy(),
      ),
    );
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  await upstream.pool.destroy();
  open(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`);
  return raw;
}

const closed = (raw: Server): Promise<unknown> => new Promise((resolve) => raw.close(resolve));

describe('an upstream that refuses connections', () => {
  test.each([
    ['a model call', chatCall()],
    ['a tool call', toolCall()],
  ])('gets %s again, and answers it once it is there', async (_, call) => {
    const { url } = server;
    await server.close();
    const port = Number(new URL(url).port);
    const answer = await send(call, {
      pause: async (ms) => {
        if (pauses.push(ms) === 2) server = await scriptedUpstream(port);
      },
    });
    expect(answer.status).toBe(200);
    expect(server.received).toHaveLength(1);
    expect(attempts).toMatchObject([
      { error: { code: 'upstream.unreachable' } },
      { error: { code: 'upstream.unreachable' } },
      { status: 200 },
    ]);
    expect(pauses).toEqual([50, 100]);
    expect(retries).toEqual(['granted', 'granted']);
  });

  test('fails the call once it has been tried as often as is allowed', async () => {
    await server.close();
    await expect(send(chatCall())).rejects.toMatchObject({ code: 'upstream.unreachable' });
    expect(attempts).toHaveLength(3);
    server = await scriptedUpstream();
  });
});

describe('an upstream that answers badly', () => {
  test('with 529 and then well: the call is answered, each try has a span, and nothing of the first is passed on', async () => {
    server.answer = (_, response) => {
      if (server.received.length === 1)
        response.writeHead(529, { 'content-type': 'application/json' }).write('{"overloa');
      else json(response, { ok: true });
    };
    const answer = await send(chatCall());
    const body = await collectBody(answer.body, 100, () => new GatewayError('upstream.too_large', 'x'));
    expect([answer.status, body.toString()]).toEqual([200, '{"ok":true}']);
    expect(attempts).toEqual([{ status: 529 }, { status: 200 }]);
  });

  test('with 503 to a tool call: the tool may have done something, so it is not called again', async () => {
    server.answer = (_, response) => json(response, {}, 503);
    expect((await send(toolCall())).status).toBe(503);
    expect(server.received).toHaveLength(1);
  });

  test('by a cut before the first byte: the call may have been carried out, so it is not sent again', async () => {
    const raw = await rawServer((_, cut) => cut());
    await expect(send(chatCall())).rejects.toMatchObject({ code: 'upstream.broken' });
    expect(attempts).toHaveLength(1);
    await closed(raw);
  });

  test('by a cut in the middle of the head: the same', async () => {
    const raw = await rawServer((write, cut) => {
      write('HTTP/1.1 503 Service Unav');
      setTimeout(cut, 20);
    });
    await expect(send(chatCall())).rejects.toMatchObject({ code: 'upstream.broken' });
    expect(attempts).toHaveLength(1);
    await closed(raw);
  });

  test('too late: the same', async () => {
    server.answer = () => {};
    await expect(send(chatCall())).rejects.toMatchObject({ code: 'upstream.timeout' });
    expect(attempts).toHaveLength(1);
  });
});

describe('a further try', () => {
  test('is not made without a budget for it', async () => {
    while (upstream.budget.take());
    server.answer = (_, response) => json(response, {}, 503);
    expect((await send(chatCall())).status).toBe(503);
    expect(server.received).toHaveLength(1);
    expect(retries).toEqual(['over-budget']);
  });

  test('is not made for a client that left while it was waited for', async () => {
    server.answer = (_, response) => json(response, {}, 503);
    const answer = send(chatCall(), {
      pause: (_ms, onStop) =>
        new Promise((resolve) => {
          onStop(resolve);
          leave();
        }),
    });
    await expect(answer).rejects.toMatchObject({ code: 'request.aborted' });
    expect(server.received).toHaveLength(1);
  });

  test('is made for work that goes on without its client', async () => {
    await server.close();
    const { url } = server;
    const answer = await send(toolCall({ abortable: false }), {
      pause: async (_ms, onStop) => {
        onStop(() => expect.fail('told to stop'));
        leave();
        server = await scriptedUpstream(Number(new URL(url).port));
      },
    });
    expect(answer.status).toBe(200);
  });

  test('is not waited for where another upstream can be tried', async () => {
    server.answer = (_, response) =>
      void response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' }).end('{}');
    expect((await send(chatCall(), {}, { hasNext: true })).status).toBe(429);
    expect(server.received).toHaveLength(1);
  });
});

describe('what the circuit hears', () => {
  const outcomes = async (run: () => Promise<unknown>): Promise<string[]> => {
    const heard: string[] = [];
    const { circuit } = upstream;
    const left = circuit.left.bind(circuit);
    circuit.left = (pass, outcome) => {
      heard.push(outcome);
      left(pass, outcome);
    };
    await run();
    return heard;
  };
  const stream = async (): Promise<void> => {
    const body = read(await send(chatCall({ stream: true })));
    await expect.poll(() => body.end, { timeout: 5_000 }).not.toBe('open');
  };
  const events = (end: 'end' | 'cut' | 'stall'): ScriptedUpstream['answer'] => {
    return (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n', () => {
        if (end === 'end') response.end();
        else if (end === 'cut') response.destroy();
      });
    };
  };

  test.each([
    ['a whole stream is good', events('end'), ['good']],
    ['a stream that breaks is bad, although its head was good', events('cut'), ['bad']],
    ['a stream that stalls is bad', events('stall'), ['bad']],
  ])('%s', async (_, answer, heard) => {
    server.answer = answer;
    expect(await outcomes(stream)).toEqual(heard);
  });

  test.each([
    [200, 'good'],
    [400, 'good'],
    [429, 'good'],
    [500, 'bad'],
    [529, 'bad'],
  ])('a status of %i is %s', async (status, heard) => {
    server.answer = (_, response) => json(response, {}, status);
    const got = await outcomes(() => send(toolCall()));
    expect(got).toEqual([heard]);
  });

  test('a reader that gives the stream up says nothing of the upstream', async () => {
    server.answer = events('stall');
    const got = await outcomes(async () => read(await send(chatCall({ stream: true }))).control.cancel());
    expect(got).toEqual([]);
  });

  test('a request that cannot be written says nothing of the upstream', async () => {
    const bad = chatCall({ headers: { 'x-bad': 'a\u0000b' } });
    expect(await outcomes(() => send(bad).catch(() => {}))).toEqual(['unknown']);
    const broken = { withTrace: () => expect.fail('no trace') };
    expect(await outcomes(() => send(chatCall(), broken).catch(() => {}))).toContain('unknown');
  });

  test('a trial has gone well as soon as the head of its answer stands', async () => {
    server.answer = (_, response) => json(response, {}, 500);
    for (let count = 0; count < 4; count += 1) await send(toolCall());
    await expect(send(toolCall())).rejects.toMatchObject({
      code: 'upstream.unavailable',
      retryAfterMs: 1_000,
      message: expect.stringContaining('was not carried out; try again in 1 s'),
    });
    expect(attempts, 'nothing was sent').toHaveLength(4);
    now += 1_000;
    server.answer = events('stall');
    const body = read(await send(chatCall({ stream: true })));
    await expect.poll(() => upstream.circuit.enter()).toBe('plain');
    expect(body.end).toBe('open');
    body.control.cancel();
  });
});
