import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../core/errors.ts';
import { Roster, type Seat } from '../core/roster.ts';
import type { EndEarly } from './deliver.ts';

/** The answers that have not ended, what they hold, and whether new calls are still taken. */
export interface InFlight {
  readonly draining: boolean;
  readonly count: number;
  /** Answers that flow. */
  readonly streams: number;
  /** Bytes of the bodies of the requests that have not been answered in full. */
  readonly bodyBytes: number;
  enter(response: ServerResponse): Flight;
  /** Takes no new calls from here on; resolves when the last answer has ended. */
  drain(): Promise<void>;
  /** Ends what is still open: what flows in the way of its dialect, everything else with its connection. */
  cut(error: GatewayError): void;
}

/** One answer that has not ended. */
export interface Flight {
  /** Books bytes of its request's body until it has ended. */
  hold(bytes: number): void;
  /** Says how it can be ended before its time, now that it flows. */
  flows(endEarly: EndEarly): void;
}

/** How long a client may take to read how its stream ends. */
const LAST_WORDS_MS = 1_000;

export function inFlight(): InFlight {
  const sums = { streams: 0, bodyBytes: 0 };
  const open = new Roster<Open>();
  const drained = Promise.withResolvers<void>();
  let draining = false;
  const onLeft = (): void => {
    if (draining && open.size === 0) drained.resolve();
  };
  return {
    get draining() {
      return draining;
    },
    get count() {
      return open.size;
    },
    get streams() {
      return sums.streams;
    },
    get bodyBytes() {
      return sums.bodyBytes;
    },
    enter: (response) => new Open(response, { open, sums, onLeft }),
    drain() {
      draining = true;
      // The client's next call finds another replica.
      for (const { response } of open.members()) if (!response.headersSent) response.setHeader('connection', 'close');
      if (open.size === 0) drained.resolve();
      return drained.promise;
    },
    cut(error) {
      for (const flight of open.members()) flight.cut(error);
      setTimeout(() => {
        for (const { response } of open.members()) response.destroy();
      }, LAST_WORDS_MS).unref();
    },
  };
}

interface Flights {
  readonly open: Roster<Open>;
  readonly sums: { streams: number; bodyBytes: number };
  readonly onLeft: () => void;
}

class Open implements Flight {
  readonly response: ServerResponse;
  readonly #flights: Flights;
  readonly #seat: Seat;
  #endEarly: EndEarly | undefined;
  #bodyBytes = 0;
  #isOver = false;

  constructor(response: ServerResponse, flights: Flights) {
    this.response = response;
    this.#flights = flights;
    this.#seat = flights.open.enter(this);
    response.on('close', () => this.#leave());
  }

  hold(bytes: number): void {
    if (this.#isOver) return;
    this.#bodyBytes += bytes;
    this.#flights.sums.bodyBytes += bytes;
  }

  flows(endEarly: EndEarly): void {
    if (this.#isOver) return;
    this.#endEarly = endEarly;
    this.#flights.sums.streams += 1;
  }

  cut(error: GatewayError): void {
    if (this.#endEarly) this.#endEarly(error);
    else this.response.destroy();
  }

  #leave(): void {
    this.#isOver = true;
    this.#seat.leave();
    this.#flights.sums.bodyBytes -= this.#bodyBytes;
    if (this.#endEarly) this.#flights.sums.streams -= 1;
    this.#flights.onLeft();
  }
}
