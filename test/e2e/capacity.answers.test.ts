// Answers that are far larger than what a gateway may hold of them, to readers that stop and to readers that read on.
import { createHash } from 'node:crypto';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, chunk } from '../support/chat.ts';
import { forgetPeak, isLinux, peakRssOf, rssOf } from '../support/proc.ts';
import { standstill } from '../support/raw-http.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const MEGABYTE = 1_048_576;
const BYTES = 300 * MEGABYTE;
/**
 * Megabytes of the gateway's memory that an answer may take beyond what it has at rest. While one is read, V8 lets some 32 MB of
 * buffers lie that nobody uses before it collects them, however large the answer is and however many there are.
 */
const GROWTH_MAX = { stopped: 32, read: 64 };
/** What the system's buffers of two connections hold at most, beside what the gateway does. */
const UNDER_WAY_MAX = 48 * MEGABYTE;
const STALL_MS = 1_500;

const EVENT = Buffer.from(chunk('word '.repeat(3_000)));
const PIECE = Buffer.alloc(16_384, 'abcdefghijklmnopqrstuvwxyz.');

interface Large {
  readonly name: string;
  readonly path: string;
  /** Of the request; a GET without. */
  readonly body?: string;
  readonly type: string;
  readonly head: Buffer;
  readonly piece: Buffer;
  readonly tail: Buffer;
}

const NONE = Buffer.alloc(0);
const ANSWERS: readonly Large[] = [
  {
    name: 'a chat stream',
    path: '/v1/chat/completions',
    body: JSON.stringify({ ...CHAT, stream: true, stream_options: { include_usage: true } }),
    type: 'text/event-stream',
    head: NONE,
    piece: EVENT,
    tail: Buffer.from('data: [DONE]\n\n'),
  },
  {
    name: 'a chat completion',
    path: '/v1/chat/completions',
    body: JSON.stringify(CHAT),
    type: 'application/json',
    head: Buffer.from(
      '{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"',
    ),
    piece: PIECE,
    tail: Buffer.from('"}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'),
  },
  {
    name: 'a file',
    path: '/v1/files/file-1/content',
    type: 'application/octet-stream',
    head: NONE,
    piece: PIECE,
    tail: NONE,
  },
];

interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

/** What the upstream has sent of an answer. */
interface Sending {
  readonly bytes: number;
  /** Resolves when its connection has ended, however it did. */
  readonly over: Promise<Sum>;
}

let upstream: ScriptedUpstream;
let waygate: Waygate;
let bearer: string;

/** Writes so many bytes, no faster than they are taken. */
function send({ type, head, piece, tail }: Large, bytesMin: number, response: ServerResponse): Sending {
  const hash = createHash('sha256');
  let bytes = 0;
  const count = (some: Buffer): Buffer => {
    bytes += some.length;
    hash.update(some);
    return some;
  };
  function* pieces(): Generator<Buffer> {
    yield count(head);
    for (let left = bytesMin; left > 0; left -= piece.length) yield count(piece);
    yield count(tail);
  }
  const over = new Promise<Sum>((resolve) =>
    response.once('close', () => resolve({ bytes, sha256: hash.digest('hex') })),
  );
  response.writeHead(200, { 'content-type': type });
  Readable.from(pieces()).pipe(response);
  return {
    get bytes() {
      return bytes;
    },
    over,
  };
}

/** A call whose answer has begun, and has so many bytes. */
async function begin(
  large: Large,
  bytes: number,
): Promise<{ readonly response: IncomingMessage; readonly sending: Sending }> {
  const sending = Promise.withResolvers<Sending>();
  upstream.answer = (_, response) => sending.resolve(send(large, bytes, response));
  const { path, body } = large;
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    request(waygate.url + path, { method, headers, agent: false }, resolve)
      .once('error', reject)
      .end(body);
  });
  expect(response.statusCode).toBe(200);
  return { response, sending: await sending.promise };
}

async function readAll(response: IncomingMessage): Promise<Sum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Megabytes that it grew to at most while something ran, beyond what it had before. */
async function growth(during: () => Promise<void>): Promise<number> {
  const before = rssOf(waygate.pid);
  forgetPeak(waygate.pid);
  await during();
  return peakRssOf(waygate.pid) - before;
}

/** A gateway that has passed on one answer of each kind, of so many bytes. */
async function start(warmUp: number): Promise<void> {
  upstream = await scriptedUpstream();
  const config = { upstreams: { up: chatUpstream(upstream.url) }, frontDoor: { stallMs: STALL_MS } };
  waygate = await startWaygate({ config, env: { UPSTREAM_KEY: 'k' } });
  bearer = await token();
  for (const large of ANSWERS) await readAll((await begin(large, warmUp)).response);
}

async function stop(): Promise<void> {
  await waygate.stop();
  await upstream.close();
}

describe.runIf(isLinux)('an answer of 300 MB to a reader that stopped', () => {
  beforeAll(() => start(MEGABYTE));
  afterAll(stop);

  test.each(ANSWERS)('$name: it is held back at its source, takes little memory, and is cut off', async (large) => {
    const grew = await growth(async () => {
      const { response, sending } = await begin(large, BYTES);
      const began = performance.now();
      response.on('error', () => {});
      expect(await standstill(() => sending.bytes, 300)).toBeLessThan(UNDER_WAY_MAX);
      // The upstream is let go.
      expect((await sending.over).bytes).toBeLessThan(UNDER_WAY_MAX);
      expect(performance.now() - began).toBeGreaterThan(STALL_MS / 2);
      response.resume();
      await new Promise((resolve) => response.once('close', resolve));
      expect(response.complete).toBe(false);
    });
    expect(grew).toBeLessThan(GROWTH_MAX.stopped);
  });
});

describe.runIf(isLinux)('an answer of 300 MB to a reader that reads', () => {
  beforeAll(() => start(MEGABYTE));
  afterAll(stop);

  test.each(ANSWERS)(
    '$name: it passes whole, byte for byte, through little memory',
    { timeout: 120_000 },
    async (large) => {
      const grew = await growth(async () => {
        const { response, sending } = await begin(large, BYTES);
        const got = await readAll(response);
        expect(got.bytes).toBeGreaterThanOrEqual(BYTES);
        expect(got).toEqual(await sending.over);
      });
      expect(grew).toBeLessThan(GROWTH_MAX.read);
    },
  );
});
