// How much one gateway holds at once: a process of its own, real sockets, the limits that it has unless told otherwise.
import { Agent, request } from 'node:http';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { CHAT, chatUpstream, chunk, completion, postChat } from '../support/chat.ts';
import { gather } from '../support/crowd.ts';
import { type Inspector, inspect } from '../support/inspector.ts';
import { fileLimitOf, isLinux, openFilesOf, rssOf } from '../support/proc.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { ALLOW_ALL, startWaygate, token, type Waygate } from '../support/waygate.ts';

const IDLE = 10_000;
const STREAMS = 1_000;
/** Of this process, which has both ends of the streams; the gateway has no more. */
const FILES = IDLE + 2 * STREAMS + 500;
const EVENTS = 20;
const OPENED_TOGETHER = 50;
/** With a few connections to Redis and to the upstream that are still kept. */
const FILES_AT_REST = 60;

/** Megabytes beyond what it has at rest; measured were 100 and 140. A connection costs 10 KB, a stream 40 KB. */
const MOST = { idle: 160, all: 240 };

let upstream: ScriptedUpstream;
let waygate: Waygate;
let inspector: Inspector;
let bearer: string;

async function start(): Promise<void> {
  const { hard } = fileLimitOf('self');
  if (hard < FILES)
    throw new Error(
      `a process may open ${hard} files here and this takes ${FILES}: raise it as root, \`ulimit -Hn ${FILES}\``,
    );
  upstream = await scriptedUpstream();
  onTestFinished(() => upstream.close());
  const store = inject('redisIsReal') ? { kind: 'redis', url: inject('redisUrl') } : { kind: 'memory' };
  const limits = [
    { id: 'pace', rate: '1000000/s', per: 'agent' },
    { id: 'money', budget: '1000 USD', every: 'day', per: ['agent', 'model'] },
  ];
  waygate = await startWaygate({
    // How many it holds is what is tried, and not how fast the machine opens them.
    config: { upstreams: { up: chatUpstream(upstream.url) }, store, frontDoor: { idleMs: 300_000 } },
    policies: { 'open.yaml': { ...ALLOW_ALL, limits } },
    env: { UPSTREAM_KEY: 'k', NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --inspect=127.0.0.1:0` },
  });
  onTestFinished(async () => void (await waygate.stop()));
  inspector = await inspect(waygate.output());
  onTestFinished(() => inspector.close());
  bearer = await token({ agent: `capacity-${waygate.pid}` });
}

/** What it has once garbage is gone; megabytes, and descriptors. */
async function holdings(): Promise<{ readonly heap: number; readonly rss: number; readonly files: number }> {
  const { used } = await inspector.heap();
  return { heap: used / 1_048_576, rss: rssOf(waygate.pid), files: openFilesOf(waygate.pid) };
}

interface Stream {
  /** Resolves with all that came once the stream has ended, or `cut` where it did not end well. */
  readonly text: Promise<string>;
}

const agent = new Agent({ maxSockets: Infinity });

/** Resolves when its first bytes have come. */
function openStream(user: string): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const call = request(`${waygate.url}/v1/chat/completions`, { method: 'POST', headers, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a stream was answered with ${response.statusCode}`));
      let said = '';
      const text = new Promise<string>((ended) => {
        response.once('close', () => ended(response.complete ? said : 'cut'));
      });
      response.on('error', () => {});
      response.once('data', () => resolve({ text }));
      response.on('data', (bytes: Buffer) => (said += bytes.toString()));
    });
    call.on('error', reject);
    call.end(JSON.stringify({ ...CHAT, user, stream: true }));
  });
}

const wordsOf = (user: string): readonly string[] => [
  ...Array.from({ length: EVENTS }, (_, index) => chunk(`${user} says ${index}`)),
  'data: [DONE]\n\n',
];

/** Answers chats at once, and begins streams; gives what lets all of them go on to their end. */
function beginStreams(): () => void {
  const held: (() => void)[] = [];
  upstream.answer = (asked, response) => {
    const { user } = JSON.parse(asked.body.toString()) as { readonly user?: string };
    if (user === undefined) return completion(asked, response);
    const [first, ...rest] = wordsOf(user);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
    held.push(() => {
      for (const event of rest) response.write(event);
      response.end();
    });
  };
  return () => held.forEach((goOn) => goOn());
}

interface Wave {
  readonly idle: number;
  readonly streams: number;
}

/** So many connections and streams at once, from their opening to their end; and what is held while they are open. */
async function wave({ idle, streams }: Wave): Promise<Record<'idle' | 'all', Awaited<ReturnType<typeof holdings>>>> {
  const goOn = beginStreams();
  const crowd = await gather(Number(new URL(waygate.url).port), idle);
  const withIdle = await holdings();
  const opened: Stream[] = [];
  while (opened.length < streams) {
    const some = Array.from({ length: OPENED_TOGETHER }, (_, index) => openStream(`user-${opened.length + index}`));
    opened.push(...(await Promise.all(some)));
  }
  const withAll = await holdings();
  expect((await postChat(waygate.url, bearer)).status).toBe(200);
  goOn();
  const texts = await Promise.all(opened.map(({ text }) => text));
  expect(texts.filter((text, index) => text !== wordsOf(`user-${index}`).join(''))).toEqual([]);
  expect(crowd).toMatchObject({ size: idle, lost: 0 });
  agent.destroy();
  crowd.close();
  upstream.received.length = 0;
  await until(() => openFilesOf(waygate.pid) < FILES_AT_REST);
  return { idle: withIdle, all: withAll };
}

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 25));
}

describe.runIf(isLinux)('one gateway, with the limits it has unless told otherwise', () => {
  test('holds 10,000 idle connections and 1,000 streams at once, serves calls beside them, and lets go of all of it', async () => {
    await start();
    await wave({ idle: 200, streams: OPENED_TOGETHER });
    const before = await holdings();
    const { idle, all } = await wave({ idle: IDLE, streams: STREAMS });
    expect(all.files).toBeGreaterThanOrEqual(IDLE + 2 * STREAMS);
    expect(idle.rss - before.rss).toBeLessThan(MOST.idle);
    expect(all.rss - before.rss).toBeLessThan(MOST.all);
    const after = await holdings();
    expect(after.heap - before.heap).toBeLessThan(8);
    // The allocator keeps what was freed, as other connections will need it: a second wave takes no more from the system.
    await wave({ idle: IDLE / 4, streams: STREAMS / 4 });
    const again = await holdings();
    expect(again.heap - after.heap).toBeLessThan(1);
    expect(again.rss).toBeLessThan(after.rss + 8);
  }, 240_000);
});
