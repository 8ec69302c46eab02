import { readFileSync } from 'node:fs';
import type { Candidate } from './candidates.ts';
import type { Burst, BurstResult } from './load.ts';
import { type Cores, runScript } from './processes.ts';

/** What sends the load, and what it counts as requests: calls, or the events of streams. */
export type LoadScript = 'bench/load.ts' | 'bench/paced.ts';

export interface Sample extends BurstResult {
  /** CPU of all the candidate's threads, user and system, in microseconds a request. NaN where it cannot be known. */
  readonly cpuMicros: number;
  readonly rssMegabytes: number;
  /** Share of the candidate's core that others took meanwhile. NaN without pinning. */
  readonly othersShare: number;
}

/** Clock ticks of /proc: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MICROS = 10_000;
/** After the last answer: settlements, audit entries and spans that are still on their way belong to the calls. */
const AFTERMATH_MS = 300;

/** One burst against one candidate, and what the candidate spent on it. */
export async function measure(
  candidate: Candidate,
  load: {
    readonly cores: Cores | undefined;
    readonly script: LoadScript;
    readonly burst: Omit<Burst, 'url' | 'headers'>;
  },
): Promise<Sample> {
  const { cores } = load;
  const before = { own: ticksOf(candidate.pid), core: coreTicks(cores) };
  const burst: Burst = { ...load.burst, url: `${candidate.url}/v1/chat/completions`, headers: candidate.headers };
  const result = await runScript<BurstResult>([load.script, JSON.stringify(burst)], cores?.others);
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
  const own = ticksOf(candidate.pid) - before.own;
  const core = coreTicks(cores);
  return {
    ...result,
    cpuMicros: (own * TICK_MICROS) / result.requests,
    rssMegabytes: rssOf(candidate.pid),
    othersShare: (core.busy - before.core.busy - own) / (core.all - before.core.all),
  };
}

/** CPU of all threads of a process so far, user and system, in microseconds. NaN where it cannot be known. */
export function cpuMicrosOf(pid: number): number {
  return ticksOf(pid) * TICK_MICROS;
}

function ticksOf(pid: number | undefined): number {
  const stat = read(pid === undefined ? undefined : `/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; after it utime and stime are the 12th and 13th field (proc(5)).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields ? Number(fields[11]) + Number(fields[12]) : NaN;
}

function rssOf(pid: number | undefined): number {
  const status = read(pid === undefined ? undefined : `/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1] ?? NaN) / 1024;
}

function coreTicks(cores: Cores | undefined): { readonly busy: number; readonly all: number } {
  const line = new RegExp(`^cpu${cores?.candidate} +(.*)$`, 'm').exec(read('/proc/stat') ?? '')?.[1];
  const ticks = line?.split(' ').slice(0, 8).map(Number) ?? [];
  const all = ticks.reduce((sum, part) => sum + part, 0) || NaN;
  const [, , , idle = NaN, waiting = NaN] = ticks;
  return { busy: all - idle - waiting, all };
}

function read(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
