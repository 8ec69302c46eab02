import type { ServerResponse } from 'node:http';

/** The answers that have not ended, and whether new calls are still taken. */
export interface InFlight {
  readonly draining: boolean;
  readonly count: number;
  enter(response: ServerResponse): () => void;
  /** Takes no new calls from here on; resolves when the last answer has ended. */
  drain(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}

export function inFlight(): InFlight {
  const open = new Set<ServerResponse>();
  let idle: (() => void) | undefined;
  let draining = false;
  return {
    get draining() {
      return draining;
    },
    get count() {
      return open.size;
    },
    enter(response) {
      open.add(response);
      const leave = (): void => {
        if (open.delete(response) && open.size === 0) idle?.();
      };
      response.once('close', leave);
      return () => {
        if (response.closed) leave();
      };
    },
    drain() {
      draining = true;
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        idle = resolve;
      });
    },
    cut() {
      for (const response of open) response.destroy();
    },
  };
}
