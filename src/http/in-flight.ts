import type { ServerResponse } from 'node:http';

/** The answers that have not ended, and whether new calls are still taken. */
export interface InFlight {
  readonly draining: boolean;
  readonly count: number;
  enter(response: ServerResponse): void;
  /** Takes no new calls from here on; resolves when the last answer has ended. */
  drain(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}

export function inFlight(): InFlight {
  const open = new Set<ServerResponse>();
  const drained = Promise.withResolvers<void>();
  let draining = false;
  function leave(this: ServerResponse): void {
    open.delete(this);
    if (draining && open.size === 0) drained.resolve();
  }
  return {
    get draining() {
      return draining;
    },
    get count() {
      return open.size;
    },
    enter(response) {
      open.add(response);
      response.once('close', leave);
    },
    drain() {
      draining = true;
      // The client's next call finds another replica.
      for (const response of open) if (!response.headersSent) response.setHeader('connection', 'close');
      if (open.size === 0) drained.resolve();
      return drained.promise;
    },
    cut() {
      for (const response of open) response.destroy();
    },
  };
}
