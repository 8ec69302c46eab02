// How much is taken at once. What does not fit is refused before its body is read, and may come again.
import { GatewayError } from '../core/errors.ts';
import type { Flight, InFlight } from './in-flight.ts';

/** What can be full. */
export type Fullness = 'connections' | 'peer_connections' | 'requests' | 'streams' | 'body_bytes';

export interface LoadLimits {
  readonly requests: number;
  readonly streams: number;
  readonly bodyBytes: number;
}

export interface Load {
  /** Throws `gateway.overloaded` where the call that has just entered is one too many. */
  admit(): void;
  /** Books bytes of a request's body until its answer has ended. Throws `gateway.overloaded`. */
  hold(flight: Flight, bytes: number): void;
  /** Counts a refusal that was made elsewhere. */
  readonly shed: (reason: Fullness) => void;
  /** What probes say: undefined, or that calls were refused of late and why. */
  warning(): string | undefined;
}

export interface LoadSource {
  readonly limits: LoadLimits;
  readonly inFlight: InFlight;
  readonly now: () => number;
  readonly onShed: (reason: Fullness) => void;
}

/** How long probes tell of a refusal. */
const TOLD_MS = 10_000;
const RETRY_AFTER_MS = 1_000;

const FULL: Readonly<Record<Fullness, string>> = {
  connections: 'as many connections',
  peer_connections: 'as many connections of one client',
  requests: 'as many calls',
  streams: 'as many streams',
  body_bytes: 'as many bytes of requests',
};

/** Keeps to the limits, by what is in flight. */
export function load({ limits, inFlight, now, onShed }: LoadSource): Load {
  let last: { readonly reason: Fullness; readonly atMs: number } | undefined;
  const shed = (reason: Fullness): void => {
    last = { reason, atMs: now() };
    onShed(reason);
  };
  const refuse = (reason: Fullness): never => {
    shed(reason);
    throw overloaded(reason);
  };
  return {
    shed,
    admit() {
      if (inFlight.count > limits.requests) refuse('requests');
      if (inFlight.streams >= limits.streams) refuse('streams');
    },
    hold(flight, bytes) {
      if (inFlight.bodyBytes + bytes > limits.bodyBytes) refuse('body_bytes');
      flight.hold(bytes);
    },
    warning() {
      if (!last || now() - last.atMs > TOLD_MS) return undefined;
      return `warning: calls are refused, this replica has ${FULL[last.reason]} as it may hold`;
    },
  };
}

/** The refusal of what does not fit. */
export function overloaded(reason: Fullness): GatewayError {
  return new GatewayError(
    'gateway.overloaded',
    `this replica has ${FULL[reason]} as it may hold; send the request again in a second`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
