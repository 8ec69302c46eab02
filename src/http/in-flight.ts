import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../core/errors.ts';
import type { EndEarly } from './deliver.ts';

/** The answers that have not ended, and whether new calls are still taken. */
export interface InFlight {
  readonly draining: boolean;
  readonly count: number;
  enter(response: ServerResponse): void;
  /** Says how an answer that flows can be ended before its time. */
  flows(response: ServerResponse, endEarly: EndEarly): void;
  /** Takes no new calls from here on; resolves when the last answer has ended. */
  drain(): Promise<void>;
  /** Ends what is still open: what flows in the way of its dialect, everything else with its connection. */
  cut(error: GatewayError): void;
}

/** How long a client may take to read how its stream ends. */
const LAST_WORDS_MS = 1_000;

export function inFlight(): InFlight {
  const open = new Map<ServerResponse, EndEarly | undefined>();
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
      open.set(response, undefined);
      response.on('close', leave);
    },
    flows(response, endEarly) {
      if (open.has(response)) open.set(response, endEarly);
    },
    drain() {
      draining = true;
      // The client's next call finds another replica.
      for (const response of open.keys()) if (!response.headersSent) response.setHeader('connection', 'close');
      if (open.size === 0) drained.resolve();
      return drained.promise;
    },
    cut(error) {
      for (const [response, endEarly] of open) {
        if (endEarly) endEarly(error);
        else response.destroy();
      }
      setTimeout(() => {
        for (const response of open.keys()) response.destroy();
      }, LAST_WORDS_MS).unref();
    },
  };
}
