import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../core/errors.ts';
import type { EndEarly } from './deliver.ts';

/** The answers that have not ended, what they hold, and whether new calls are still taken. */
export interface InFlight {
  readonly draining: boolean;
  readonly count: number;
  /** Answers that flow. */
  readonly streams: number;
  /** Bytes of the bodies of the requests that have not been answered in full. */
  readonly bodyBytes: number;
  enter(response: ServerResponse): void;
  /** Books bytes of a request's body until its answer has ended. */
  hold(response: ServerResponse, bytes: number): void;
  /** Says how an answer that flows can be ended before its time. */
  flows(response: ServerResponse, endEarly: EndEarly): void;
  /** Takes no new calls from here on; resolves when the last answer has ended. */
  drain(): Promise<void>;
  /** Ends what is still open: what flows in the way of its dialect, everything else with its connection. */
  cut(error: GatewayError): void;
}

interface Open {
  endEarly: EndEarly | undefined;
  bodyBytes: number;
}

/** How long a client may take to read how its stream ends. */
const LAST_WORDS_MS = 1_000;

export function inFlight(): InFlight {
  const open = new Map<ServerResponse, Open>();
  const drained = Promise.withResolvers<void>();
  let draining = false;
  let streams = 0;
  let bodyBytes = 0;
  function leave(this: ServerResponse): void {
    const ended = open.get(this);
    if (!ended) return;
    open.delete(this);
    bodyBytes -= ended.bodyBytes;
    if (ended.endEarly) streams -= 1;
    if (draining && open.size === 0) drained.resolve();
  }
  return {
    get draining() {
      return draining;
    },
    get count() {
      return open.size;
    },
    get streams() {
      return streams;
    },
    get bodyBytes() {
      return bodyBytes;
    },
    enter(response) {
      open.set(response, { endEarly: undefined, bodyBytes: 0 });
      response.on('close', leave);
    },
    hold(response, bytes) {
      const holder = open.get(response);
      if (!holder) return;
      holder.bodyBytes += bytes;
      bodyBytes += bytes;
    },
    flows(response, endEarly) {
      const flowing = open.get(response);
      if (!flowing) return;
      flowing.endEarly = endEarly;
      streams += 1;
    },
    drain() {
      draining = true;
      // The client's next call finds another replica.
      for (const response of open.keys()) if (!response.headersSent) response.setHeader('connection', 'close');
      if (open.size === 0) drained.resolve();
      return drained.promise;
    },
    cut(error) {
      for (const [response, { endEarly }] of open) {
        if (endEarly) endEarly(error);
        else response.destroy();
      }
      setTimeout(() => {
        for (const response of open.keys()) response.destroy();
      }, LAST_WORDS_MS).unref();
    },
  };
}
