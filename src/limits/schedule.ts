/** Work for later. Injected, so that tests say when. */
export interface Schedule {
  /** Does work again and again. Returns what stops it. */
  every(ms: number, work: () => void): () => void;
  /** Does work once. Returns what calls it off. */
  after(ms: number, work: () => void): () => void;
}

/** The process's own timers; they keep no process alive. */
export const systemSchedule: Schedule = {
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  after(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
