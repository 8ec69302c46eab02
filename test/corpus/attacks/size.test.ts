// Section 3E: too much, too slowly, or far more than it looks like.
import { connect } from 'node:net';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chunk } from '../../support/chat.ts';
import { chat, openRange, type Range } from '../../support/range.ts';
import { heldBytes } from '../../support/held-memory.ts';
import { openRaw, type RawConnection, statusOf } from '../../support/raw-http.ts';

const LIMIT = 1_048_576;

let range: Range;
let open: RawConnection[];

const start = async (frontDoor: Record<string, number> = {}): Promise<void> => {
  range = await openRange({
    frontDoor,
    routes: { small: { path: '/small/v1', protocol: 'openai', upstreams: ['up'], bodyBytesMax: LIMIT } },
  });
};
beforeEach(() => {
  open = [];
});
afterEach(async () => {
  for (const { socket } of open) socket.destroy();
  await range.close();
});

const TARGET = '/small/v1/chat/completions';
const bodyOf = (bytes: number): string => `{"model":"small","messages":[]}`.padEnd(bytes);
const send = (body: string, ...fields: readonly string[]): Promise<string> =>
  range.shoot(chat({ bearer: range.bearer, target: TARGET, body, fields }));

async function openConnection(bytes = ''): Promise<RawConnection> {
  const connection = await openRaw(range.port);
  open.push(connection);
  connection.send(bytes);
  return connection;
}

/** A chat request up to its body. */
function head(...fields: readonly string[]): string {
  const request = chat({ bearer: range.bearer, target: TARGET, fields, body: '' });
  return request.replace('content-length: 0\r\n', '');
}

describe('a body at the limit', () => {
  beforeEach(() => start());

  test('L-01 is taken, and a byte more is refused before any of it has come', async () => {
    expect(statusOf(await send(bodyOf(LIMIT)))).toBe(200);
    range.received();
    const connection = await openConnection(head(`content-length: ${LIMIT + 1}`));
    const answer = await connection.closed;
    expect(statusOf(answer)).toBe(413);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(range.received()).toEqual([]);
    expect(await range.sound()).toBe(200);
  });

  test('L-03 in chunks is taken, and a byte more is refused', async () => {
    const chunked = (bytes: number): string => `${bytes.toString(16)}\r\n${bodyOf(bytes)}\r\n0\r\n\r\n`;
    const fields = head('transfer-encoding: chunked');
    expect(statusOf(await range.shoot(fields + chunked(LIMIT)))).toBe(200);
    range.received();
    expect(statusOf(await range.shoot(fields + chunked(LIMIT + 1)))).toBe(413);
    expect(range.received()).toEqual([]);
  });

  test('L-03 in chunks of one byte is taken as well', async () => {
    const bytes = Array.from(bodyOf(100_000), (byte) => `1\r\n${byte}\r\n`).join('');
    expect(statusOf(await range.shoot(`${head('transfer-encoding: chunked')}${bytes}0\r\n\r\n`))).toBe(200);
    expect(range.received()[0]?.body.length).toBe(100_000);
  });
});

describe('L-03 a chunked body that grows past its limit a byte at a time', () => {
  beforeEach(() => start());

  test('is refused there, and costs memory and time in proportion', { timeout: 30_000 }, async () => {
    const bytes = Buffer.from('1\r\n \r\n'.repeat(LIMIT), 'latin1');
    const connection = await openConnection(head('transfer-encoding: chunked'));
    const before = heldBytes();
    const spent = process.cpuUsage();
    connection.socket.write(bytes);
    await expect.poll(() => connection.socket.writableLength, { timeout: 20_000 }).toBe(0);
    expect(heldBytes() - before).toBeLessThan(10 * LIMIT);
    connection.send('1\r\n \r\n');
    expect(statusOf(await connection.closed)).toBe(413);
    const { user, system } = process.cpuUsage(spent);
    // 6 MB on the wire, written and read in this process.
    expect((user + system) / 1_000).toBeLessThan(5_000);
    expect(range.received()).toEqual([]);
    expect(await range.sound()).toBe(200);
  });
});

describe('L-01 the usual limits', () => {
  beforeEach(() => start());

  test.each([
    ['32 MB to a model', '/v1/chat/completions', 33_554_432],
    ['32 MB to a model of one upstream', '/up/v1/chat/completions', 33_554_432],
    ['4 MB to a tool', '/mcp/tools', 4_194_304],
  ])('%s: a byte more is refused before any of it has come', async (_, target, limit) => {
    const announcing = (bytes: number): string =>
      chat({ bearer: range.bearer, target, body: '', fields: ['accept: application/json, text/event-stream'] }).replace(
        'content-length: 0',
        `content-length: ${bytes}`,
      );
    const over = await openConnection(announcing(limit + 1));
    expect(statusOf(await over.closed)).toBe(413);
    const within = await openConnection(announcing(limit));
    within.send('{');
    await expect.poll(() => range.gateway.waygate.telemetry.prometheusText()).toContain('waygate_');
    expect(within.text).toBe('');
    expect(range.received()).toEqual([]);
  });
});

describe('L-04 a compressed body', () => {
  beforeEach(() => start());
  const BOMB = Buffer.alloc(67_108_864, ' ');
  const coded = (coding: string, bytes: Buffer): Promise<string> =>
    send(bytes.toString('latin1'), `content-encoding: ${coding}`);

  test.each([
    ['gzip', gzipSync(BOMB)],
    ['br', brotliCompressSync(BOMB, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
    ['zstd', zstdCompressSync(BOMB)],
  ])('in %s of 64 MB is refused as too large', async (coding, bytes) => {
    const before = process.memoryUsage().rss;
    expect(statusOf(await coded(coding, bytes))).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(33_554_432);
    expect(range.received()).toEqual([]);
    expect(await range.sound()).toBe(200);
  });

  test('that unfolds more than a hundredfold is refused, though it would fit', async () => {
    const bytes = gzipSync(Buffer.from(bodyOf(8_388_608)));
    const request = chat({
      bearer: range.bearer,
      body: bytes.toString('latin1'),
      fields: ['content-encoding: gzip'],
    });
    expect(statusOf(await range.shoot(request))).toBe(413);
    expect(range.received()).toEqual([]);
  });

  test.each([
    ['gzip, gzip', gzipSync(gzipSync(bodyOf(100)))],
    ['gzip, br', gzipSync(bodyOf(100))],
    ['deflate', deflateSync(bodyOf(100))],
    ['deflate', deflateRawSync(bodyOf(100))],
    ['compress', Buffer.from(bodyOf(100))],
  ])('in %s, which is not decoded here: 415', async (coding, bytes) => {
    expect(statusOf(await coded(coding, bytes))).toBe(415);
    expect(range.received()).toEqual([]);
  });

  test.each([
    ['gzip', Buffer.from(bodyOf(100))],
    ['br', gzipSync(bodyOf(100))],
    ['zstd', gzipSync(bodyOf(100)).subarray(0, -4)],
  ])('that is not the %s it says: 400', async (coding, bytes) => {
    expect(statusOf(await coded(coding, bytes))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('in %s is decided on and sent as what it decodes to', async (coding, compress) => {
    expect(statusOf(await coded(coding, compress('{"model":"forbidden","messages":[]}')))).toBe(403);
    expect(range.received()).toEqual([]);
    expect(statusOf(await coded(coding, compress(bodyOf(100))))).toBe(200);
    const [one] = range.received();
    expect(one?.body.toString()).toBe(bodyOf(100));
    expect(one?.headers['content-encoding']).toBeUndefined();
    expect(one?.headers['content-length']).toBe('100');
  });
});

describe('L-06 a client that takes its time', () => {
  test.each([
    ['over its first byte', ''],
    ['over its head', 'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n'],
  ])('%s: 408', async (_, bytes) => {
    await start({ headMs: 200 });
    expect(statusOf(await (await openConnection(bytes)).closed)).toBe(408);
  });

  test('over its body: 408 in the words of its dialect, and the connection ends', async () => {
    await start({ bodyMs: 100 });
    const connection = await openConnection(head('content-length: 1000'));
    connection.send('{');
    const answer = await connection.closed;
    expect(statusOf(answer)).toBe(408);
    expect(answer).toContain('request.timeout');
    expect(await range.sound()).toBe(200);
  });

  test('over its head, of which a byte comes now and then: 408', async () => {
    await start({ headMs: 300 });
    const connection = await openConnection('POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx: ');
    const timer = setInterval(() => connection.send('y'), 20);
    expect(statusOf(await connection.closed)).toBe(408);
    clearInterval(timer);
  });

  test.each([
    ['with a length', 'content-length: 100000', 'x'],
    ['in chunks', 'transfer-encoding: chunked', '1\r\nx\r\n'],
  ])('over its body %s, of which a byte comes now and then: 408', async (_, field, piece) => {
    await start({ bodyMs: 300 });
    const connection = await openConnection(head(field));
    const timer = setInterval(() => connection.send(piece), 20);
    expect(statusOf(await connection.closed)).toBe(408);
    clearInterval(timer);
    expect(range.received()).toEqual([]);
  });

  test('over its next request: its connection ends', async () => {
    await start({ idleMs: 100 });
    const connection = await openConnection('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await connection.closed;
  });

  test('over reading its answer is cut off, and the upstream is let go', async () => {
    await start({ stallMs: 200 });
    let isGone = false;
    range.upstream.answer = (_, response) => {
      response.on('close', () => (isGone = true));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = (): void => {
        while (response.write(chunk('x'.repeat(10_000))));
      };
      response.on('drain', push);
      push();
    };
    const connection = await openConnection(chat({ bearer: range.bearer }));
    connection.socket.pause();
    await expect.poll(() => isGone, { timeout: 10_000 }).toBe(true);
  });
});

describe('L-07 more than fits', () => {
  test('connections: those beyond the limit are told so, and those below are served', async () => {
    await start({ connections: 50 });
    const taken = await Promise.all(Array.from({ length: 50 }, () => openConnection()));
    const turnedAway = await Promise.all(
      Array.from({ length: 10 }, async () => statusOf(await (await openConnection()).closed)),
    );
    expect(new Set(turnedAway)).toEqual(new Set([503]));
    taken[0]?.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(await taken[0]?.until(/"ok"/)).toContain('200 OK');
    taken[1]?.send('GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(await taken[1]?.until(/"load"[^]*\}$/)).toContain('as many connections as it may hold');
  });

  test('connections of one client leave room for others', async () => {
    await start({ connectionsPerPeer: 2 });
    await openConnection();
    await openConnection();
    expect(statusOf(await (await openConnection()).closed)).toBe(503);
    const other = connect({ port: range.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    const answer = new Promise<string>((resolve) => other.once('data', (data) => resolve(data.toString())));
    other.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(statusOf(await answer)).toBe(200);
    other.destroy();
  });

  test.each([
    ['calls', { requests: 1 }, 'requests'],
    ['streams', { streams: 1 }, 'streams'],
  ])('%s: refused before their body is read, with a time to come again, counted and shown', async (_, limits, reason) => {
    await start(limits);
    range.upstream.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('first'));
    };
    const first = await openConnection(chat({ bearer: range.bearer }));
    await first.until(/first/);
    const answer = await (await openConnection(head('content-length: 1000'))).closed;
    expect(statusOf(answer)).toBe(503);
    expect(answer).toMatch(/retry-after: 1\r\n/i);
    expect(answer).toContain('gateway.overloaded');
    expect(range.received()).toHaveLength(1);
    const metrics = await range.gateway.waygate.telemetry.prometheusText();
    expect(metrics).toMatch(new RegExp(`waygate_overload_refusals_total\\{[^}]*waygate_reason="${reason}"[^}]*\\} 1`));
    const ready = await range.shoot('GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(statusOf(ready)).toBe(200);
    expect(ready).toContain(`as many ${reason === 'requests' ? 'calls' : 'streams'} as it may hold`);
    first.socket.destroy();
    range.upstream.answer = (_request, response) => response.end('{}');
    await expect.poll(() => range.sound()).toBe(200);
  });

  test('bytes of bodies: a body that does not fit beside the others is not read', async () => {
    await start({ bodyBytes: LIMIT + 1_000 });
    const first = await openConnection(head(`content-length: ${LIMIT}`));
    first.send('{');
    await expect
      .poll(async () => statusOf(await (await openConnection(head(`content-length: ${LIMIT}`))).closed))
      .toBe(503);
    expect(await range.sound()).toBe(200);
    first.send(bodyOf(LIMIT).slice(1));
    expect(statusOf(await first.closed)).toBe(200);
    expect(statusOf(await send(bodyOf(LIMIT)))).toBe(200);
  });
});
