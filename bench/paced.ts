// Streams as models send them, some at once, from a process of its own.
//   node bench/paced.ts '{"url":…}'   prints what came of them as JSON; `requests` are events
import { Agent, request } from 'node:http';
import type { Burst, BurstResult } from './load.ts';

const burst = JSON.parse(process.argv[2] ?? '{}') as Burst;
const agent = new Agent({ keepAlive: true, maxSockets: burst.connections });
const firstBytes: number[] = [];
const failures: string[] = [];
let events = 0;
const began = performance.now();
const until = began + burst.seconds * 1_000;

await Promise.all(Array.from({ length: burst.connections }, streams));
const sorted = firstBytes.sort((one, other) => one - other);
const result: BurstResult = {
  requests: events,
  seconds: (performance.now() - began) / 1_000,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? NaN,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
  failure: failures[0],
};
process.stdout.write(JSON.stringify(result));
agent.destroy();

/** One stream after the other. The last one of each is read to its end. */
async function streams(): Promise<void> {
  while (performance.now() < until && failures.length === 0) await stream();
}

function stream(): Promise<void> {
  return new Promise((resolve) => {
    const sentAt = performance.now();
    const fail = (why: string): void => {
      failures.push(why);
      resolve();
    };
    const call = request(burst.url, { method: 'POST', agent, headers: burst.headers }, (answer) => {
      if (answer.statusCode !== 200) return fail(`a stream was answered with ${answer.statusCode}`);
      let text = '';
      answer.once('data', () => firstBytes.push(performance.now() - sentAt));
      answer.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      answer.on('error', (error) => fail(error.message));
      answer.on('end', () => {
        events += text.split('\n\n').length - 1;
        if (text === burst.expectBody) resolve();
        else fail('a stream was not what the upstream said');
      });
    });
    call.on('error', (error) => fail(error.message));
    call.end(burst.body);
  });
}
