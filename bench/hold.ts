// Many streams that stay open without a word, from a process of its own.
//   node bench/hold.ts '{"url":…,"pid":…}'   prints what they cost the process as JSON
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Held {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly streams: number;
  readonly pid: number;
}

export interface HeldResult {
  readonly kilobytesPerStream: number;
  readonly rssMegabytes: number;
}

const WARM_UP_STREAMS = 200;
const OPENED_TOGETHER = 50;
const SETTLE_MS = 2_000;
const OPEN_MS = 60_000;

setTimeout(() => {
  throw new Error(`the streams were not open within ${OPEN_MS / 1_000} s`);
}, OPEN_MS).unref();
const held = JSON.parse(process.argv[2] ?? '{}') as Held;
const agent = new Agent({ maxSockets: Infinity });

(await open(WARM_UP_STREAMS)).forEach((answer) => answer.destroy());
await settled();
const before = rss();
const answers = await open(held.streams);
await settled();
const after = rss();
const result: HeldResult = { kilobytesPerStream: (after - before) / held.streams, rssMegabytes: after / 1_024 };
process.stdout.write(JSON.stringify(result));
answers.forEach((answer) => answer.destroy());
agent.destroy();

/** Resolves once each has had its first event. */
async function open(count: number): Promise<readonly IncomingMessage[]> {
  const opened: IncomingMessage[] = [];
  while (opened.length < count) {
    const some = Math.min(OPENED_TOGETHER, count - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: some }, openOne))));
  }
  return opened;
}

function openOne(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(held.url, { method: 'POST', agent, headers: held.headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`a stream was answered with ${answer.statusCode}`));
      answer.on('error', () => {});
      answer.once('data', () => resolve(answer));
    });
    call.on('error', reject);
    call.end(held.body);
  });
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

/** In kilobytes. */
function rss(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${held.pid}/status`, 'utf8'))?.[1]);
}
