import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listener, listen, listenerOf } from '../../src/http/listener.ts';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';

let listener: Listener;
beforeAll(async () => {
  const app = new Hono<{ Bindings: HttpBindings }>().all('*', (context) => context.text('plain'));
  listener = await listen(listenerOf(app), { host: '127.0.0.1', port: 0 });
});
afterAll(() => {
  listener.destroy();
  return listener.close();
});

const HANDSHAKE = [
  'GET /v1/responses HTTP/1.1',
  'host: localhost',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'openai-beta: responses_websockets=2026-02-06',
  '',
  '',
].join('\r\n');

test('a WebSocket handshake gets 426 with the protocol to use instead (RFC 9110 §15.5.22), and its connection ends', async () => {
  const answer = await askRaw(listener.port, HANDSHAKE);
  expect(statusOf(answer)).toBe(426);
  expect(answer).toMatch(/\r\nUpgrade: HTTP\/1\.1\r\n/);
  expect(answer).toMatch(/\r\nConnection: close, Upgrade\r\n/);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  expect(answer).toContain(`Content-Length: ${body.length}\r\n`);
  expect(JSON.parse(body)).toMatchObject({ error: { code: 'request.upgrade' } });
});

test('requests on other connections do not notice', async () => {
  const other = await openRaw(listener.port);
  other.send('GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await other.until(/plain$/);
  await askRaw(listener.port, HANDSHAKE);
  other.send('GET /b HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await other.until(/plain[^]*plain$/);
  other.socket.destroy();
});

test('another offer is passed over and the request answered in HTTP/1.1', async () => {
  const offer =
    'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n';
  const connection = await openRaw(listener.port);
  connection.send(offer);
  expect(statusOf(await connection.until(/plain$/))).toBe(200);
  connection.socket.destroy();
});

test('a client that says no more after its handshake holds up nothing', async () => {
  const app = new Hono<{ Bindings: HttpBindings }>().all('*', (context) => context.text('plain'));
  const own = await listen(listenerOf(app), { host: '127.0.0.1', port: 0 });
  const connection = await openRaw(own.port);
  connection.socket.allowHalfOpen = true;
  connection.send(HANDSHAKE);
  await connection.until(/426/);
  await own.close();
  connection.socket.destroy();
});

test('CONNECT, which would make a tunnel of the gateway, gets 405 and the end of its connection', async () => {
  const answer = await askRaw(listener.port, 'CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test:443\r\n\r\n');
  expect(statusOf(answer)).toBe(405);
});
