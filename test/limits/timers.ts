// Timers that run when a test says so.
import type { Schedule } from '../../src/limits/schedule.ts';
import type { TestClock } from './ledger.ts';

export interface HandSchedule extends Schedule {
  /** Does the work that comes round every so many milliseconds, once. */
  run(ms: number): Promise<void>;
  /** Lets time pass for the clock, doing what falls due on the way. */
  pass(ms: number, clock: TestClock): Promise<void>;
  readonly periods: number[];
  /** Work for later that was not called off. */
  readonly pending: number;
}

export function handSchedule(): HandSchedule {
  const works = new Map<() => void, number>();
  const later = new Map<object, { readonly work: () => void; leftMs: number }>();
  function next(): { readonly work: () => void; leftMs: number } | undefined {
    return [...later.values()].sort((one, other) => one.leftMs - other.leftMs)[0];
  }
  function elapse(ms: number, clock: TestClock): void {
    clock.advance(ms);
    for (const timer of later.values()) timer.leftMs -= ms;
  }
  return {
    every(ms, work) {
      works.set(work, ms);
      return () => void works.delete(work);
    },
    after(ms, work) {
      const handle = {};
      later.set(handle, {
        leftMs: ms,
        work() {
          later.delete(handle);
          work();
        },
      });
      return () => void later.delete(handle);
    },
    async run(ms) {
      for (const [work, every] of works) if (every === ms) work();
      await turns();
    },
    async pass(ms, clock) {
      let leftMs = ms;
      await turns();
      for (let timer = next(); timer && timer.leftMs <= leftMs; timer = next()) {
        const step = Math.max(0, timer.leftMs);
        leftMs -= step;
        elapse(step, clock);
        timer.work();
        await turns();
      }
      elapse(leftMs, clock);
      await turns();
    },
    get periods() {
      return [...works.values()];
    },
    get pending() {
      return later.size;
    },
  };
}

/** Lets everything run that waits for nothing but its turn. */
export const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
