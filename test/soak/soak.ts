// One run: a scene, its load, a look every so often, and what the books say at the end.
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { runProcess } from '../cli/run.ts';
import { openFilesOf } from '../support/proc.ts';
import { client, type Send } from './client.ts';
import { dice } from './dice.ts';
import { readAudit, readLedger } from './ledger.ts';
import { type Load, startLoad } from './load.ts';
import { type Sample, type Sampler, sampler } from './sampler.ts';
import { callers, type Scene, startScene } from './scene.ts';
import { refusedChat, UPSTREAM_FAULT_SHARE } from './traffic.ts';
import { judgeBooks, judgeCalls, type Verdict } from './verdict.ts';

export interface SoakOptions {
  /** How long it runs, and how often is looked. */
  readonly length: number;
  readonly step: number;
  readonly unit: 'seconds' | 'calls';
  readonly callsPerSecond: number;
  readonly seed: number;
  /** Whether what the gateway remembers up to a bound is filled first, lest it look like growth in a long run. */
  readonly fillsFirst: boolean;
  /** Told of each sample. */
  readonly onSample?: (sample: Sample) => void;
}

export interface Soaked {
  /** Before any call. */
  readonly before: Sample;
  readonly samples: readonly Sample[];
  /** Once the connections of the clients are gone. */
  readonly after: Sample;
  readonly faults: Readonly<Record<string, number>>;
  readonly verdicts: readonly Verdict[];
}

const POLL_MS = 50;
/** For connections that nobody uses to be closed, by the gateway's clients and by its upstreams. */
const REST_MS = 10_000;
const SAID_CHARS = 4_000;

export async function soak(options: SoakOptions): Promise<Soaked> {
  const { callsPerSecond, seed, fillsFirst } = options;
  const roll = dice(seed);
  const scene = await startScene({ callsPerSecond, roll, faultShare: UPSTREAM_FAULT_SHARE, hours: hoursOf(options) });
  const { waygate } = scene;
  const { send, close } = client(waygate.url);
  let look: Sampler | undefined;
  try {
    look = await sampler(waygate);
    const before = await look.take({ seconds: 0, calls: 0 });
    if (fillsFirst) await fillMemories(send, scene.bearers);
    const pauses = pauseNowAndThen(scene.redis.url, roll);
    const load = startLoad({ callsPerSecond, send, caller: callers(scene.bearers, roll), roll });
    const samples = await watch(load, look, options);
    await load.stop();
    const paused = pauses.stop();
    close();
    await rest(() => openFilesOf(waygate.pid) <= before.files);
    const after = await look.take({ seconds: samples.at(-1)?.seconds ?? 0, calls: load.calls });
    // A process that is looked into does not end.
    look.close();
    const verdicts = [...judgeCalls(load), ...(await closeBooks(scene))];
    return { before, samples, after, faults: { ...scene.faults, 'store paused': paused }, verdicts };
  } catch (cause) {
    throw new Error(`the run broke off; the gateway said last:\n${waygate.output().slice(-SAID_CHARS)}`, { cause });
  } finally {
    look?.close();
    close();
    await scene.stop();
  }
}

function hoursOf({ length, unit, callsPerSecond }: SoakOptions): number {
  return length / (unit === 'calls' ? callsPerSecond : 1) / 3_600;
}

async function watch(load: Load, look: Sampler, options: SoakOptions): Promise<readonly Sample[]> {
  const { length, step, unit, onSample } = options;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1_000;
  const done = (): number => (unit === 'calls' ? load.calls : seconds());
  const samples: Sample[] = [];
  while (done() < length) {
    const next = Math.min(length, done() + step);
    while (done() < next) await sleep(POLL_MS);
    const sample = await load.quietly(() => look.take({ seconds: seconds(), calls: load.calls }));
    samples.push(sample);
    onSample?.(sample);
  }
  return samples;
}

/** More than are remembered. */
const REFUSALS = 4_500;
const AT_ONCE = 32;

/** Refusals of as many runs. */
async function fillMemories(send: Send, bearers: readonly string[]): Promise<void> {
  let left = REFUSALS;
  const refused = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send(refusedChat({ bearer: bearers[left % bearers.length] ?? '', session: crypto.randomUUID() }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, refused));
}

const PAUSE_EVERY_MS = 7_000;
/** Below what a call waits for the store. */
const PAUSE_MS_MAX = 100;

/** Has Redis answer nobody for a moment, again and again. `stop` gives how often it did. */
function pauseNowAndThen(url: string, roll: () => number): { stop(): number } {
  const redis = new Redis(url);
  let count = 0;
  const pausing = setInterval(() => {
    count += 1;
    void redis.call('CLIENT', 'PAUSE', String(Math.ceil(roll() * PAUSE_MS_MAX)), 'ALL');
  }, PAUSE_EVERY_MS);
  return {
    stop() {
      clearInterval(pausing);
      redis.disconnect();
      return count;
    },
  };
}

/** Ends the gateway, and reads what it leaves in its audit and in Redis. */
async function closeBooks(scene: Scene): Promise<readonly Verdict[]> {
  const { waygate, redis } = scene;
  const code = await scene.end();
  const { code: proven, out, err } = runProcess(['audit', 'verify', '--config', 'waygate.yaml'], { cwd: waygate.dir });
  const audited = await readAudit(join(waygate.dir, 'audit'));
  return [
    { ok: code === 0, text: `the gateway ends in order: exit code ${code}` },
    { ok: scene.traceBytes() > 0, text: `the collector gets traces: ${scene.traceBytes()} bytes` },
    ...judgeBooks(await readLedger(redis.url), audited, { code: proven, words: out || err }),
  ];
}

async function rest(isOver: () => boolean): Promise<void> {
  const until = performance.now() + REST_MS;
  while (!isOver() && performance.now() < until) await sleep(POLL_MS);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
