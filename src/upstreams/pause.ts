/** Waits, or is told to stop. Injected, so that tests say how long a wait is. */
export type Pause = (ms: number, onStop: (stop: () => void) => void) => Promise<void>;

/** The process's own timer. `onStop` is handed what ends the wait at once. */
export const systemPause: Pause = (ms, onStop) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    onStop(() => {
      clearTimeout(timer);
      resolve();
    });
  });
