import { hash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, completion } from './support/chat.ts';
import { type InProcess, startInProcess } from './support/in-process.ts';
import { watchTurns } from './support/longest-turn.ts';
import { openRaw, statusOf } from './support/raw-http.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from './support/upstream.ts';
import { token } from './support/waygate.ts';

/** What a body may hold up the calls beside it. */
const TURN_MS = 50;
const BYTES = 33_554_432;

let upstream: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  gateway = await startInProcess({
    upstreams: { up: chatUpstream(upstream.url), tool: { protocol: 'mcp', url: `${upstream.url}/mcp` } },
  });
  bearer = await token();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const WHOLE = JSON.stringify(CHAT);
/** A chat request of that size, its content repeated. */
function chatOf(bytes: number, unit: string): Buffer {
  const [before, after] = WHOLE.split('"hello"') as [string, string];
  const room = bytes - before.length - after.length - 2;
  return Buffer.from(`${before}[${`${unit},`.repeat(Math.floor(room / (unit.length + 1)) - 1)}${unit}]${after}`);
}

async function post(body: Buffer, field = 'x-none: 1', path = '/v1/chat/completions'): Promise<string> {
  const connection = await openRaw(Number(new URL(gateway.url).port));
  const head = [`POST ${path} HTTP/1.1`, 'host: localhost', field, `authorization: Bearer ${bearer}`];
  connection.send([...head, 'content-type: application/json', 'connection: close', ''].join('\r\n'));
  connection.send(`content-length: ${body.length}\r\n\r\n`);
  connection.send(body);
  return connection.closed;
}

describe('a body of 32 MB', () => {
  test.each([
    ['of one text', () => chatOf(BYTES, `{"type":"text","text":"${'x'.repeat(BYTES - 10_000)}"}`), 200],
    ['of many messages', () => chatOf(BYTES, `{"type":"text","text":"${'hello '.repeat(20)}"}`), 200],
    ['of numbers', () => chatOf(BYTES, '1'), 200],
    ['of nothing but brackets', () => chatOf(BYTES, '[]'), 400],
    ['of quotes and backslashes', () => chatOf(BYTES, `"${'\\\\\\"'.repeat(64)}"`), 200],
    ['of what is no UTF-8', () => Buffer.alloc(BYTES, 0xc3), 400],
    ['of keys, each once', () => manyKeys(), 200],
  ])('%s does not hold up the calls beside it', async (_, make, status) => {
    const body = make();
    await post(chatOf(600_000, '"warm"'));
    const watch = watchTurns();
    const answer = await post(body);
    expect(watch.stop()).toBeLessThan(TURN_MS);
    expect(statusOf(answer)).toBe(status);
    expect(upstream.received.length).toBe(status === 200 ? 2 : 1);
    if (status === 200) expect(upstream.received[1]?.body.equals(body)).toBe(true);
  });

  test('of as many parameters as may be does not either', async () => {
    const parts = Array.from({ length: 8_000 }, (_, index) => ({ [`key${index}`]: 'some text', [`more${index}`]: 1 }));
    const body = Buffer.from(JSON.stringify({ ...CHAT, metadata: parts }).padEnd(BYTES));
    await post(chatOf(600_000, '"warm"'));
    const watch = watchTurns();
    const answer = await post(body);
    expect(watch.stop()).toBeLessThan(TURN_MS);
    expect(statusOf(answer)).toBe(200);
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('compressed in %s does not either, and is sent decoded', async (coding, compress) => {
    const body = chatOf(BYTES, JSON.stringify(randomBytes(20_000_000).toString('base64')));
    await post(chatOf(600_000, '"warm"'));
    const compressed = compress(body);
    const watch = watchTurns();
    const answer = await post(compressed, `content-encoding: ${coding}`);
    expect(watch.stop()).toBeLessThan(TURN_MS);
    expect(statusOf(answer)).toBe(200);
    expect(upstream.received[1]?.body.equals(body)).toBe(true);
    expect(upstream.received[1]?.headers['content-encoding']).toBeUndefined();
  });

  test('to a tool does not either, though trace context is put into it', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
    const others = Array.from({ length: 390_000 }, () => []);
    const params = { name: 'a', arguments: {}, others, more: Array.from({ length: 1_400_000 }, () => 1) };
    const body = Buffer.from(JSON.stringify({ ...message, params }));
    upstream.answer = (_, response) => json(response, { jsonrpc: '2.0', id: 1, result: { content: [] } });
    const watch = watchTurns();
    const answer = await post(body, `traceparent: 00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, '/mcp/tool');
    expect(watch.stop()).toBeLessThan(TURN_MS);
    expect(statusOf(answer)).toBe(200);
    expect(upstream.received[0]?.body.length).toBeGreaterThan(body.length);
  });

  test('stands in the audit with the digest of what was sent', async () => {
    const body = chatOf(600_000, '"x"');
    expect(statusOf(await post(body))).toBe(200);
    const dir = join(gateway.dir, 'audit');
    const lines = readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n'));
    const permit = lines.find((line) => line.includes('"kind":"permit"'));
    expect(permit).toContain(`"body":{"sha256":"${hash('sha256', body)}","bytes":${body.length}`);
  });
});

function manyKeys(): Buffer {
  const keys = Array.from({ length: 300_000 }, (_, index) => `{"k${index}":${index}}`).join();
  return Buffer.from(WHOLE.replace('"hello"', `[${keys}]`));
}
