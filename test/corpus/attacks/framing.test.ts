// Section 3B: where one request ends and the next begins.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRange, type Range } from '../../support/range.ts';
import { openRaw, statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange({ frontDoor: { bodyMs: 200 } });
});
afterAll(() => range.close());
afterEach(async () => expect(await range.sound()).toBe(200));

const BODY = '{"model":"small","messages":[]}';
const SIZE = BODY.length.toString(16);
const CHUNKS = `${SIZE}\r\n${BODY}\r\n0\r\n\r\n`;

/** A chat request with these framing fields, and then these bytes. */
function framed(fields: readonly string[], bytes: string, version = '1.1'): string {
  return [
    `POST /v1/chat/completions HTTP/${version}`,
    'host: localhost',
    `authorization: Bearer ${range.bearer}`,
    'content-type: application/json',
    'connection: close',
    ...fields,
    '',
    bytes,
  ].join('\r\n');
}

describe('a request that two readers could end in two places is refused', () => {
  test.each<[string, readonly string[], string, string?]>([
    ['F-01 a length and chunks', ['content-length: 6', 'transfer-encoding: chunked'], '0\r\n\r\nG'],
    ['F-01 chunks and a length', ['transfer-encoding: chunked', 'content-length: 6'], '0\r\n\r\nG'],
    ['F-03 xchunked', ['transfer-encoding: xchunked'], CHUNKS],
    ['F-03 chunked, identity', ['transfer-encoding: chunked, identity'], CHUNKS],
    ['F-03 identity', ['transfer-encoding: identity'], BODY],
    ['F-03 chunked twice', ['transfer-encoding: chunked', 'transfer-encoding: chunked'], CHUNKS],
    ['F-03 chunked, chunked', ['transfer-encoding: chunked, chunked'], CHUNKS],
    ['F-03 an empty coding before it', ['transfer-encoding: ,chunked', `content-length: ${BODY.length}`], CHUNKS],
    ['F-03 a vertical tab before it', ['transfer-encoding: \x0bchunked'], CHUNKS],
    ['F-03 a space before the colon', ['transfer-encoding : chunked'], CHUNKS],
    ['F-03 a folded line', ['transfer-encoding:', ' chunked'], CHUNKS],
    ['F-04 gzip, chunked', ['transfer-encoding: gzip, chunked'], CHUNKS],
    ['F-06 chunks in HTTP/1.0', ['transfer-encoding: chunked'], CHUNKS, '1.0'],
    ['F-07 the same length twice', ['content-length: 31', 'content-length: 31'], BODY],
    ['F-07 two lengths', ['content-length: 31', 'content-length: 0'], BODY],
    ['F-07 a list of lengths', ['content-length: 31, 31'], BODY],
    ['F-07 a sign', ['content-length: +31'], BODY],
    ['F-07 a hexadecimal length', ['content-length: 0x1f'], BODY],
    ['F-07 an empty length', ['content-length: '], BODY],
    ['F-07 a length past all numbers', ['content-length: 100000000000000000000'], BODY],
    ['F-07 a negative length', ['content-length: -1'], BODY],
    ['F-07 a length with an underscore', ['content-length: 3_1'], BODY],
    ['F-10 a bare line feed behind a chunk extension', ['transfer-encoding: chunked'], `${SIZE};a\n${BODY}\r\n0\r\n\r\n`],
    ['F-10 a chunk size in hexadecimal with its prefix', ['transfer-encoding: chunked'], `0x${SIZE}\r\n${BODY}\r\n0\r\n\r\n`],
    ['F-10 a chunk longer than it says', ['transfer-encoding: chunked'], `1\r\n${BODY}\r\n0\r\n\r\n`],
    ['F-10 a chunk size that wraps around', ['transfer-encoding: chunked'], `1000000000000001f\r\n${BODY}\r\n0\r\n\r\n`],
    ['F-10 chunks that end in line feeds', ['transfer-encoding: chunked'], `${SIZE}\n${BODY}\n0\n\n`],
    ['F-12 a trailer that would be a length', ['transfer-encoding: chunked'], trailed('content-length: 1')],
    ['F-13 a carriage return in a value', ['x-a: b\rc', `content-length: ${BODY.length}`], BODY],
    ['F-13 NUL in a value', ['x-a: b\0c', `content-length: ${BODY.length}`], BODY],
    ['F-13 a field without a name', [': b', `content-length: ${BODY.length}`], BODY],
    ['F-13 a field without a colon', ['x-a', `content-length: ${BODY.length}`], BODY],
    ['F-13 a name with a space', ['x a: b', `content-length: ${BODY.length}`], BODY],
  ])('%s', async (_, fields, bytes, version) => {
    expect(statusOf(await range.shoot(framed(fields, bytes, version)))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test.each([
    ['F-09 GET with a body', 'GET /v1/models HTTP/1.1', 'content-length: 5', 'hello'],
    ['F-09 GET in chunks', 'GET /v1/models HTTP/1.1', 'transfer-encoding: chunked', '0\r\n\r\n'],
    ['F-13 only line feeds', 'GET /v1/models HTTP/1.1\nhost: a\n', '', ''],
    ['F-13 a stray carriage return before the method', '\rZGET /v1/models HTTP/1.1', 'x: y', ''],
    ['F-13 a line feed in the request line', 'GET /v1/models\nHTTP/1.1', 'x: y', ''],
    ['F-15 scheme and host in the target', 'GET http://evil.test/v1/models HTTP/1.1', 'x: y', ''],
    ['F-15 user in the target', 'GET http://u:p@evil.test/v1/models HTTP/1.1', 'x: y', ''],
    ['F-15 the whole server', 'OPTIONS * HTTP/1.1', 'x: y', ''],
    ['F-16 HTTP/0.9', 'GET /v1/models', '', ''],
    ['F-16 HTTP/1.9', 'GET /v1/models HTTP/1.9', 'x: y', ''],
    ['F-16 HTTP/2 without being asked', 'PRI * HTTP/2.0', '', 'SM\r\n\r\n'],
    ['F-16 no version at all', 'GET /v1/models HTTP/', 'x: y', ''],
  ])('%s', async (_, line, field, bytes) => {
    const head = [line, 'host: localhost', `authorization: Bearer ${range.bearer}`, 'connection: close', field];
    expect(statusOf(await range.shoot([...head, '', bytes].join('\r\n')))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test('F-10 an extension of 20 KB: 413', async () => {
    const bytes = CHUNKS.replace('\r\n', `;${'a'.repeat(20_480)}\r\n`);
    expect(statusOf(await range.shoot(framed(['transfer-encoding: chunked'], bytes)))).toBe(413);
    expect(range.received()).toEqual([]);
  });

  test('F-15 a tunnel: 405', async () => {
    const answer = await range.shoot('CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\n\r\n');
    expect(statusOf(answer)).toBe(405);
  });

  test('F-18 a WebSocket: 426', async () => {
    const upgrade = ['connection: upgrade', 'upgrade: websocket', 'content-length: 0'];
    expect(statusOf(await range.shoot(framed(upgrade, '').replace('connection: close\r\n', '')))).toBe(426);
    expect(range.received()).toEqual([]);
  });

  test('F-19 an expectation that nobody knows: 417', async () => {
    expect(statusOf(await range.shoot(framed(['expect: wonders', 'content-length: 31'], BODY)))).toBe(417);
    expect(range.received()).toEqual([]);
  });

  test('F-19 a client that is asked for its body and never sends it: 408, once it was let in', async () => {
    const answer = await range.shoot(framed(['expect: 100-continue', 'content-length: 31'], ''));
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408 /);
    const unknown = framed(['expect: 100-continue', 'content-length: 31'], '').replace('Bearer ', 'Bearer x');
    expect(statusOf(await range.shoot(unknown))).toBe(401);
  });

  test.each([
    ['F-21 a field of 20 KB', [`x-a: ${'b'.repeat(20_480)}`]],
    ['F-21 101 fields', Array.from({ length: 96 }, (_, index) => `x-${index}: y`)],
    ['F-21 1,001 fields', Array.from({ length: 995 }, (_, index) => `x-${index}: y`)],
  ])('%s: 431', async (_, fields) => {
    expect(statusOf(await range.shoot(framed([...fields, `content-length: ${BODY.length}`], BODY)))).toBe(431);
    expect(range.received()).toEqual([]);
  });
});

describe('a request that is framed in one way goes up in our own', () => {
  test.each([
    ['with a length', [`content-length: ${BODY.length}`], BODY],
    ['with a length that has zeros before it', [`content-length: 000${BODY.length}`], BODY],
    ['in chunks', ['transfer-encoding: chunked'], CHUNKS],
    ['in chunks, in capitals', ['Transfer-Encoding: Chunked'], CHUNKS],
    // RFC 9112 §7.1.1: an unknown extension must be passed over. It goes no further.
    ['F-10 in chunks with an extension', ['transfer-encoding: chunked'], CHUNKS.replace('\r\n', ';a=b\r\n')],
    ['F-12 with a trailer that would be a credential', ['transfer-encoding: chunked'], trailed('authorization: Bearer x')],
    ['F-18 with an offer of another protocol', ['upgrade: h2c', 'http2-settings: AAMAAABk', `content-length: 31`], BODY],
  ])('%s', async (_, fields, bytes) => {
    expect(statusOf(await range.shoot(framed(fields, bytes)))).toBe(200);
    const [one, ...more] = range.received();
    expect(more).toEqual([]);
    expect(one?.body.toString()).toBe(BODY);
    const { headers } = one ?? {};
    expect(headers?.['content-length']).toBe(String(BODY.length));
    expect(headers?.['authorization']).toBe('Bearer sk-upstream');
    for (const name of ['transfer-encoding', 'trailer', 'upgrade', 'http2-settings', 'te']) {
      expect(headers?.[name]).toBeUndefined();
    }
  });

  test('F-22 the same bytes get the same verdict twice, and never two requests out of one', async () => {
    const smuggled = `${framed(['content-length: 31'], BODY)}GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    for (const bytes of [smuggled, smuggled.replace('content-length: 31', 'content-length: 32')]) {
      const verdicts = [statusOf(await range.shoot(bytes)), statusOf(await range.shoot(bytes))];
      expect(verdicts[0]).toBe(verdicts[1]);
      expect(range.received().length).toBeLessThanOrEqual(2);
    }
  });

  test('F-22 what stands behind an answered request on a kept connection is a request of its own', async () => {
    const connection = await openRaw(range.port);
    connection.send(framed(['content-length: 31'], BODY).replace('connection: close\r\n', ''));
    await connection.until(/200 OK[^]*\r\n0\r\n\r\n$/);
    connection.send('GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(await connection.closed).toMatch(/ 200 OK[^]* 40[14] /);
    expect(range.received()).toHaveLength(1);
  });
});

function trailed(field: string): string {
  return `${CHUNKS.slice(0, -2)}${field}\r\n\r\n`;
}
