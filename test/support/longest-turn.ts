// How long this thread was busy without letting anything else happen. In its own CPU time, so that a machine on which others
// work as well does not count against it.
export interface TurnWatch {
  /** Milliseconds of the longest turn of the event loop since the start. */
  stop(): number;
}

export function watchTurns(): TurnWatch {
  let longest = 0;
  let before = process.threadCpuUsage();
  let next: NodeJS.Immediate;
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
    before = process.threadCpuUsage();
    next = setImmediate(look);
  };
  next = setImmediate(look);
  return {
    stop() {
      clearImmediate(next);
      return longest;
    },
  };
}
