import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { type Flight, type InFlight, inFlight } from '../../src/http/in-flight.ts';
import { openRaw } from '../support/raw-http.ts';

let server: Server;
let port: number;
let flight: InFlight;
const ERROR = new GatewayError('gateway.draining', 'over');
/** Ends the answers that are open, oldest first. */
let ends: (() => void)[];
let open: ServerResponse[];
let flights: Flight[];

beforeEach(async () => {
  flight = inFlight();
  ends = [];
  open = [];
  flights = [];
  server = createServer((_, response) => {
    flights.push(flight.enter(response));
    ends.push(() => response.end('done'));
    open.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(): ReturnType<typeof openRaw> {
  const connection = await openRaw(port);
  const open = ends.length;
  connection.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await expect.poll(() => ends.length).toBe(open + 1);
  return connection;
}

test('an answer is in flight until it has ended, or its client has gone', async () => {
  const first = await ask();
  const second = await ask();
  expect(flight.count).toBe(2);
  ends[0]?.();
  await first.until(/done$/);
  await expect.poll(() => flight.count).toBe(1);
  second.socket.destroy();
  await expect.poll(() => flight.count).toBe(0);
  first.socket.destroy();
});

test('draining resolves when the last answer has ended, and not before', async () => {
  await ask();
  await ask();
  expect(flight.draining).toBe(false);
  let drained = false;
  const done = flight.drain().then(() => (drained = true));
  expect(flight.draining).toBe(true);
  ends[0]?.();
  await expect.poll(() => flight.count).toBe(1);
  expect(drained).toBe(false);
  ends[1]?.();
  await done;
  expect(flight.count).toBe(0);
});

test('draining with nothing in flight resolves at once, as often as it is asked', async () => {
  await flight.drain();
  await flight.drain();
});

test('every call to drain resolves', async () => {
  await ask();
  const both = Promise.all([flight.drain(), flight.drain()]);
  ends[0]?.();
  await both;
});

test('an answer whose head has not left when draining begins ends its connection', async () => {
  const connection = await ask();
  void flight.drain();
  ends[0]?.();
  expect(await connection.closed).toMatch(/connection: close/i);
});

test('what is cut is gone at once', async () => {
  const connection = await ask();
  const drained = flight.drain();
  flight.cut(ERROR);
  expect(await connection.closed).toBe('');
  await drained;
});

test('what flows is cut in its own way, and its connection ends behind its last word', async () => {
  const connection = await ask();
  const response = open[0] as ServerResponse;
  response.write('first ');
  flights[0]?.flows(({ message }) => response.end(message));
  const drained = flight.drain();
  flight.cut(ERROR);
  await connection.until(/first[^]*over/);
  await drained;
});

test('what flows to nobody who reads is gone a second after it was cut', async () => {
  const connection = await ask();
  const response = open[0] as ServerResponse;
  connection.socket.pause();
  response.write(Buffer.alloc(33_554_432));
  flights[0]?.flows(({ message }) => response.end(message));
  const drained = flight.drain();
  flight.cut(ERROR);
  await drained;
  connection.socket.destroy();
});

test('what has ended before it flows is kept by nobody', async () => {
  const connection = await ask();
  connection.socket.destroy();
  await expect.poll(() => flight.count).toBe(0);
  flights[0]?.flows(() => {});
  flights[0]?.hold(100);
  expect(flight).toMatchObject({ count: 0, streams: 0, bodyBytes: 0 });
});
