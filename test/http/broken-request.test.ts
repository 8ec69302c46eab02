import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerBrokenRequests } from '../../src/http/broken-request.ts';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer({ headersTimeout: 100, connectionsCheckingInterval: 50 }, (request, response) => {
    if (request.headers['x-answer'] === 'early') response.writeHead(403, { connection: 'close' }).write('early');
    else request.resume().on('end', () => response.end('late'));
  });
  answerBrokenRequests(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const CHUNKED = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n';

test.each([
  ['no request at all', 'hello\r\n\r\n', 400, 'request.invalid'],
  ['a head that does not come', 'GET / HTTP/1.1\r\nho', 408, 'request.timeout'],
  ['a head of 20 KB', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_480)}\r\n\r\n`, 431, 'request.too_many_headers'],
  ['a chunk with more than its bytes', `${CHUNKED}\r\n1\r\nabc\r\n`, 400, 'request.invalid'],
  ['a chunk with a long extension', `${CHUNKED}\r\n1;${'y'.repeat(20_480)}\r\na\r\n`, 413, 'request.too_large'],
])('%s is answered, and its connection ended', async (_, bytes, status, code) => {
  const answer = await askRaw(port, bytes);
  expect(statusOf(answer)).toBe(status);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ status, error: { code } });
});

test('an answer that came before the body broke is not cut off, and not answered again', async () => {
  const answer = await askRaw(port, `${CHUNKED}x-answer: early\r\n\r\nno chunk`);
  expect(answer).toMatch(/^HTTP\/1\.1 403 [^]*early/);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('a client that is gone is not spoken to', async () => {
  const connection = await openRaw(port);
  connection.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n');
  connection.socket.resetAndDestroy();
  expect(await connection.closed).toBe('');
});
