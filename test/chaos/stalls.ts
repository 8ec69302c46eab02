// How long the machine kept processes waiting that wanted to run. A promise about milliseconds can be judged only where the
// machine itself keeps time; the kernel says how long a thread stood in the queue for a core (proc_pid_schedstat(5)).
import { readFileSync } from 'node:fs';

export interface Stalls {
  /** The longest wait for a core within a quarter of a second, of any process that is watched; whole milliseconds. */
  readonly longestMs: number;
  watch(pid: number): void;
  close(): void;
}

const EVERY_MS = 50;
const WINDOW = 5;

export function watchStalls(): Stalls {
  const waits = new Map<number, number[]>([[process.pid, []]]);
  let longest = 0;
  const timer = setInterval(() => {
    for (const [pid, samples] of waits) {
      const waited = waitedMs(pid);
      if (waited === undefined) waits.delete(pid);
      else {
        samples.push(waited);
        if (samples.length > WINDOW) samples.shift();
        longest = Math.max(longest, waited - (samples[0] ?? waited));
      }
    }
  }, EVERY_MS);
  return {
    get longestMs() {
      return Math.round(longest);
    },
    watch: (pid) => void waits.set(pid, []),
    close: () => clearInterval(timer),
  };
}

/** Undefined of a process that is gone, and where no kernel tells. */
function waitedMs(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1_000_000;
  } catch {
    return undefined;
  }
}
