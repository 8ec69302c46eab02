// From a real client's socket to a real upstream's and back: forwarding, metering and delivering together.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import type { BodyEnd } from '../../src/core/record.ts';
import { dataApp } from '../../src/http/data-app.ts';
import { inFlight } from '../../src/http/in-flight.ts';
import { type Listener, listen } from '../../src/http/listener.ts';
import { presenter } from '../../src/http/present.ts';
import { readiness } from '../../src/http/readiness.ts';
import { meter } from '../../src/metering/tap.ts';
import { forwarder } from '../../src/upstreams/forward.ts';
import { door } from '../support/door.ts';
import { openRaw, type RawConnection, standstill } from '../support/raw-http.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall, toolCall } from '../telemetry/calls.ts';
import { type Caller, callerOf, WAYS } from '../upstreams/calling.ts';
import { NO_FLIGHT } from '../support/runs.ts';

let server: ScriptedUpstream;
let caller: Caller;
let listener: Listener;
let call: PermittedCall;
let ends: BodyEnd[];

beforeEach(async () => {
  server = await scriptedUpstream();
  caller = callerOf(server.url);
  call = chatCall({ stream: true });
  ends = [];
  const forward = forwarder({ ...WAYS, upstreams: new Map([['openai', caller.upstream]]) });
  const present = presenter(() => 0);
  const app = dataApp({
    handle: async (request) => {
      const answer = await forward(call, 'openai', { request, trace: caller.way.trace, flight: NO_FLIGHT });
      const tapped = meter(call, answer, { price: undefined, now: () => 0, done: (end) => ends.push(end) });
      return present(call, tapped, [], NO_FLIGHT);
    },
    readiness: readiness({}),
    inFlight: inFlight(),
    ...door(),
    checkHost: () => {},
    now: () => 0,
    onFault: (error) => expect.unreachable(String(error.cause)),
  });
  listener = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  listener.destroy();
  await Promise.all([listener.close(), caller.close(), server.close()]);
});

async function ask(): Promise<RawConnection> {
  const connection = await openRaw(listener.port);
  connection.send('GET /v1/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  return connection;
}

const EVENT = 'data: {"choices":[{"delta":{"content":"hello"}}]}\n\n';

/** Answers with a stream that the test pushes. */
function script(
  headers = {},
): Promise<{ push: (text: string) => void; end: () => void; cut: () => void; closed: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof script>>>();
  server.answer = (_, response) => {
    const closed = new Promise<void>((done) => response.once('close', done));
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders();
    resolve({
      push: (text) => void response.write(text),
      end: () => void response.end(),
      cut: () => void response.destroy(),
      closed,
    });
  };
  return promise;
}

describe('a stream', () => {
  test('reaches the client piece by piece, each before the next was sent', async () => {
    const scripted = script();
    const connection = await ask();
    const { push, end } = await scripted;
    for (let index = 1; index <= 5; index += 1) {
      push(EVENT);
      await expect.poll(() => connection.text.split('"hello"').length - 1).toBe(index);
    }
    push('data: [DONE]\n\n');
    end();
    expect(await connection.closed).toMatch(/\[DONE\]\n\n\r\n0\r\n\r\n$/);
    expect(ends).toMatchObject([{ ending: 'complete' }]);
  });

  test('whose client goes away is cut upstream at once, and booked as aborted', async () => {
    const scripted = script();
    const connection = await ask();
    const { push, closed } = await scripted;
    push(EVENT);
    await connection.until(/hello/);
    const before = performance.now();
    connection.socket.destroy();
    await closed;
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(ends).toMatchObject([{ ending: 'aborted' }]);
  });

  test('whose work must go on is read to its end without its client, and booked once', async () => {
    call = toolCall({ abortable: false });
    const scripted = script();
    const connection = await ask();
    const { push, end, closed } = await scripted;
    const message = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
    push(message);
    await connection.until(/progress/);
    connection.socket.destroy();
    await standstill(() => ends.length, 50);
    expect(ends).toEqual([]);
    for (let index = 0; index < 5_000; index += 1) push(message);
    push('data: {"jsonrpc":"2.0","id":"req-7","result":{}}\n\n');
    end();
    await closed;
    await expect.poll(() => ends.length).toBe(1);
  });

  test('that its upstream breaks off ends in an error event, never as if it were complete', async () => {
    const scripted = script();
    const connection = await ask();
    const { push, cut } = await scripted;
    push(`${EVENT}data: {"choices":[{"del`);
    await connection.until(/"del/);
    cut();
    expect(await connection.closed).toMatch(
      /"del\r\n[0-9a-f]+\r\n\n\ndata: \{"error":\{.*upstream\.broken.*\}\n\n\r\n0\r\n\r\n$/,
    );
    expect(ends).toMatchObject([{ ending: 'broken', error: { code: 'upstream.broken' } }]);
  });

  test('that ends without its last event ends in an error event too', async () => {
    const scripted = script();
    const connection = await ask();
    const { push, end } = await scripted;
    push(EVENT);
    end();
    expect(await connection.closed).toContain('upstream.broken');
  });
});

test('an answer of no dialect that breaks off is cut', async () => {
  const scripted = script({ 'content-type': 'application/json' });
  const connection = await ask();
  const { push, cut } = await scripted;
  push('{"half":');
  await connection.until(/half/);
  cut();
  expect(await connection.closed).not.toMatch(/0\r\n\r\n$/);
  expect(ends).toMatchObject([{ ending: 'broken' }]);
});

test('a client that stops reading stops its upstream, within bounded memory, and gets all the rest when it reads on', async () => {
  const TOTAL = 67_108_864;
  const chunk = Buffer.alloc(65_536, 'x');
  let sent = 0;
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': TOTAL });
    const pump = (): void => {
      while (sent < TOTAL) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', pump);
      }
      response.end();
    };
    pump();
  };
  const connection = await openRaw(listener.port);
  connection.socket.pause();
  connection.socket.removeAllListeners('data');
  connection.send('GET /v1/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  await expect.poll(() => sent).toBeGreaterThan(0);
  // Four buffers of the system are on its way, and a little of ours.
  expect(await standstill(() => sent)).toBeLessThan(TOTAL / 2);
  let bytes = 0;
  connection.socket.on('data', (data: Buffer) => (bytes += data.length));
  connection.socket.resume();
  await connection.closed;
  expect(bytes).toBeGreaterThan(TOTAL);
  expect(ends).toMatchObject([{ ending: 'complete' }]);
});
