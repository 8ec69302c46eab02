// Section 3B, row F-22: requests in which a second one hides. Each is a whole request to a lenient reader and two to another.
// Whatever is made of it, it is made twice over, and what hides in it reaches no upstream.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRange, type Range } from '../../support/range.ts';
import { openRaw, statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange({ frontDoor: { bodyMs: 200, headMs: 500 } });
});
afterAll(() => range.close());

const BODY = '{"model":"small","messages":[]}';
const SIZE = BODY.length.toString(16);
/** Without a token of its own: it gets through only where it is taken for a part of another. */
const HIDDEN = 'GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n';
const LENGTH = `content-length: ${BODY.length}`;
const CHUNKED = 'transfer-encoding: chunked';

function head(...fields: readonly string[]): string {
  const own = ['host: localhost', `authorization: Bearer ${range.bearer}`, 'content-type: application/json'];
  return [`POST /v1/chat/completions HTTP/1.1`, ...own, ...fields, '', ''].join('\r\n');
}

// Fields, and what stands behind the head.
const PAYLOADS: readonly (readonly [name: string, fields: readonly string[], bytes: string])[] = [
  ['a length too short', ['content-length: 4'], BODY],
  ['a length of nothing', ['content-length: 0'], HIDDEN],
  ['no length at all', [], HIDDEN],
  ['chunks that end at once', [CHUNKED], `0\r\n\r\n${HIDDEN}`],
  ['chunks that end, and more', [CHUNKED], `${SIZE}\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`],
  ['a length and chunks', [LENGTH, CHUNKED], `0\r\n\r\n${HIDDEN}`],
  ['chunks and a length', [CHUNKED, LENGTH], `0\r\n\r\n${HIDDEN}`],
  ...[
    'chunked, chunked',
    'chunked,',
    ',chunked',
    'chunked;a=b',
    'chunked identity',
    'identity, chunked',
    '"chunked"',
    'chunked\x0b',
    '\x0cchunked',
    'ch\x00unked',
    'chunke',
    'cHuNkEd, identity',
    'chunked\xa0',
    '\u017fchunked',
    'deflate, chunked',
    '=chunked',
    'chunked-',
    'x chunked',
    'chunked\tx',
    'CHUNKED, x',
  ].map(
    (coding) =>
      [
        `the coding ${JSON.stringify(coding)} and a length`,
        [`transfer-encoding: ${coding}`, 'content-length: 4'],
        `0\r\n\r\n${HIDDEN}`,
      ] as const,
  ),
  ...[
    'Transfer-Encoding : chunked',
    ' transfer-encoding: chunked',
    '\ttransfer-encoding: chunked',
    'transfer-encoding\t: chunked',
    'transfer_encoding: chunked',
    'transfer.encoding: chunked',
    'transfer-encoding:\r\n chunked',
    'transfer-encoding:\n chunked',
    'x: y\ntransfer-encoding: chunked',
    'x: y\rtransfer-encoding: chunked',
    'x: y\r\rtransfer-encoding: chunked',
    'transfer-encoding',
    'transfer-encoding\0: chunked',
    '\0transfer-encoding: chunked',
    'transfer\xadencoding: chunked',
    'transfer-encoding: chunked\0',
    '(transfer-encoding): chunked',
    '@transfer-encoding: chunked',
    'transfer encoding: chunked',
    ':transfer-encoding: chunked',
  ].map(
    (field) =>
      [`the field ${JSON.stringify(field)} and a length`, [field, 'content-length: 4'], `0\r\n\r\n${HIDDEN}`] as const,
  ),
  ...[
    '4, 4',
    '4, 0',
    '+4',
    '-0',
    '4.0',
    '4e0',
    '0x4',
    '4 4',
    '4;',
    '4,',
    ',4',
    '"4"',
    '\u0664',
    '4\x0b',
    '1_0',
    '99999999999999999999',
    '4\0',
    '٤',
  ].map((length) => [`the length ${JSON.stringify(length)}`, [`content-length: ${length}`], HIDDEN] as const),
  ...[
    'content-length : 4',
    'content_length: 4',
    'content-length:\r\n 4',
    'content-length: 4\r\ncontent-length: 5',
    'content-length: 4\r\ncontent-length: 4',
    'content-length',
  ].map((field) => [`the field ${JSON.stringify(field)}`, [field], HIDDEN] as const),
  ...[
    `${SIZE};x\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE} \r\n${BODY}\r\n0\r\n\r\n`,
    ` ${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE}\r${BODY}\r\n0\r\n\r\n`,
    `${SIZE}\r\n${BODY}0\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\n\n`,
    `${SIZE}\r\n${BODY}\r\n00000000000000000\r\n\r\n`,
    `0${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE}g\r\n${BODY}\r\n0\r\n\r\n`,
    `-${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `+${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `0x${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE}_\r\n${BODY}\r\n0\r\n\r\n`,
    `ffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`,
    `10000000000000000${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE};a="\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE};a=\r\nb\r\n${BODY}\r\n0\r\n\r\n`,
    `\r\n${SIZE}\r\n${BODY}\r\n0\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\nx: y\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\ntransfer-encoding: chunked\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\ncontent-length: 9\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\nx\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0\r\n\n`,
    `${SIZE}\r\n${BODY}XX0\r\n\r\n`,
    `${SIZE}\r\n${BODY}\r\n0;x\r\n\r\n`,
  ].map(
    (chunks) => [`the chunks ${JSON.stringify(chunks.replaceAll(BODY, '…'))}`, [CHUNKED], chunks + HIDDEN] as const,
  ),
];

/** What comes back for these bytes on a connection that says no more. */
async function verdict(bytes: string): Promise<readonly number[]> {
  const connection = await openRaw(range.port);
  connection.send(Buffer.from(bytes, 'latin1'));
  connection.socket.end();
  const answer = await connection.closed;
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

describe('F-22 a request with another one behind it', () => {
  test.each(PAYLOADS)('%s: one verdict, and never two requests out of one', async (_, fields, bytes) => {
    const request = head(...fields) + bytes;
    const first = await verdict(request);
    const sent = range.received();
    // Whether the bytes behind the request are told that they are none is up to time.
    expect(new Set(await verdict(request))).toEqual(new Set(first));
    const again = range.received();
    expect(again.length).toBe(sent.length);
    expect(sent.length).toBeLessThanOrEqual(1);
    for (const { method, url, headers, body } of sent) {
      expect([method, url]).toEqual(['POST', '/v1/chat/completions']);
      expect(headers['content-length']).toBe(String(body.length));
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(body.toString()).toBe(BODY);
    }
    // What hides in it has no token: where it is a request of its own, it is refused as one.
    expect(first.slice(1).every((status) => status >= 400)).toBe(true);
    expect(await range.sound()).toBe(200);
  });

  test('however its bytes are mangled', async () => {
    const sound = head(LENGTH) + BODY + HIDDEN;
    const mangled = fc
      .tuple(
        fc.nat(sound.length - 1),
        fc.constantFrom(
          '\r',
          '\n',
          '\0',
          ' ',
          ':',
          ',',
          '\x0b',
          '\xff',
          '\r\n',
          '\r\n\r\n',
          '0\r\n\r\n',
          'transfer-encoding: chunked\r\n',
        ),
        fc.boolean(),
      )
      .map(([at, piece, over]) => sound.slice(0, at) + piece + sound.slice(over ? at + 1 : at));
    await fc.assert(
      fc.asyncProperty(mangled, async (bytes) => {
        const first = await verdict(bytes);
        const sent = range.received();
        const again = await verdict(bytes);
        range.received();
        return (
          String(first) === String(again) &&
          sent.length <= 1 &&
          first.slice(sent.length).every((status) => status >= 400)
        );
      }),
      { numRuns: 300 },
    );
    expect(await range.sound()).toBe(200);
  });
});

test('F-22 pieces that arrive one byte at a time are the same request', async () => {
  const connection = await openRaw(range.port);
  connection.socket.setNoDelay(true);
  for (const byte of head(LENGTH, 'connection: close') + BODY) {
    connection.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(statusOf(await connection.closed)).toBe(200);
  expect(range.received().map(({ body }) => body.toString())).toEqual([BODY]);
});
