import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ConnectionLimits, limitConnections } from '../../src/http/connections.ts';
import { openRaw, type RawConnection, statusOf } from '../support/raw-http.ts';

let server: Server;
let shed: string[];

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function start(limits: Omit<ConnectionLimits, 'onShed'>): Promise<number> {
  shed = [];
  server = createServer((_, response) => response.end('ok'));
  limitConnections(server, { ...limits, onShed: (reason) => shed.push(reason) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function answered(connection: RawConnection): Promise<string> {
  connection.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  return connection.until(/ok$/);
}

test('a connection too many is told 503 and when to come again, and those before it do not notice', async () => {
  const port = await start({ connections: 2, connectionsPerPeer: 2 });
  const [first, second] = [await openRaw(port), await openRaw(port)];
  const turnedAway = await (await openRaw(port)).closed;
  expect(statusOf(turnedAway)).toBe(503);
  expect(turnedAway).toMatch(/\r\nRetry-After: 1\r\n[^]*as many connections as it may hold/);
  await answered(first);
  await answered(second);
  expect(shed).toEqual(['connections']);
});

test('there is room again once one has ended', async () => {
  const port = await start({ connections: 1, connectionsPerPeer: 1 });
  const first = await openRaw(port);
  await answered(first);
  first.socket.destroy();
  await expect.poll(async () => statusOf(await oneRequest(port))).toBe(200);
});

test('one address cannot take all connections', async () => {
  const port = await start({ connections: 4, connectionsPerPeer: 1 });
  const first = await openRaw(port);
  await answered(first);
  expect(statusOf(await oneRequest(port))).toBe(503);
  expect(shed).toEqual(['peer_connections']);
  const other = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  const said = new Promise<string>((resolve) => other.once('data', (data) => resolve(data.toString('latin1'))));
  other.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(statusOf(await said)).toBe(200);
  other.destroy();
});

async function oneRequest(port: number): Promise<string> {
  const connection = await openRaw(port);
  connection.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  return connection.closed;
}
