/** Work that comes round again. Injected, so that tests say when. */
export interface Schedule {
  /** Returns what stops it. */
  every(ms: number, work: () => void): () => void;
}

/** The process's own timers; they keep no process alive. */
export const systemSchedule: Schedule = {
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
