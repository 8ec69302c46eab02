// What a test needs to send a call to a real server: an open upstream, a trace that notes its attempts, a client to lose.
import type { PermittedCall } from '../../src/core/call.ts';
import { type BodyControl, isAtRest } from '../../src/core/body.ts';
import type { GatewayError } from '../../src/core/errors.ts';
import type { Answer, Cuttable, Incoming } from '../../src/core/exchange.ts';
import type { CallTrace, TraceHeaders } from '../../src/core/trace.ts';
import { forwarder, type ForwardSource } from '../../src/upstreams/forward.ts';
import { openUpstream, type Upstream, type UpstreamSource } from '../../src/upstreams/upstream.ts';
import { incoming } from '../telemetry/calls.ts';
import { NO_FLIGHT } from '../support/runs.ts';

export const TIMEOUTS = { connectMs: 2_000, headersMs: 10_000, idleMs: 10_000 };

/** Nothing is tried again and no circuit opens, so that a test sees one try; and no time passes while waiting. */
export const ONCE = {
  retry: { attempts: 0, share: 0.2, backoffMs: 100, waitMaxMs: 5_000, withinMs: 30_000 },
  circuit: { failures: 1_000, openMs: 1_000, monotonicMs: () => 0, onChange: () => {} },
};

/** What a forwarder takes besides its upstreams. */
export const WAYS: Omit<ForwardSource, 'upstreams'> = {
  withTrace: (call) => call.body,
  clock: { now: () => 0 },
  monotonicMs: () => 0,
  random: () => 0.5,
  pause: () => Promise.resolve(),
  onRetry: () => {},
};

export interface Caller {
  readonly upstream: Upstream;
  /** How each attempt ended, oldest first. */
  readonly attempts: { readonly status?: number; readonly error?: unknown }[];
  readonly way: { readonly request: Incoming; readonly trace: CallTrace; readonly flight: Cuttable };
  send(call: PermittedCall): Promise<Answer>;
  /** The client of every call so far goes away. */
  leave(): void;
  close(): Promise<void>;
}

export function callerOf(url: string, change: Partial<UpstreamSource> = {}, headers: TraceHeaders = {}): Caller {
  const upstream = openUpstream({
    name: 'openai',
    url,
    credential: undefined,
    timeouts: TIMEOUTS,
    connections: 8,
    ...ONCE,
    ...change,
  });
  const attempts: Caller['attempts'] = [];
  const leaving = new Set<() => void>();
  let gone = false;
  const trace: CallTrace = {
    traceId: '',
    attempt: () => ({ headers, end: (result) => void attempts.push(result) }),
    waited: () => {},
    end: () => {},
  };
  const request = incoming({
    onAbort: (listener) => {
      if (gone) listener();
      else leaving.add(listener);
    },
  });
  const forward = forwarder({ ...WAYS, upstreams: new Map([['openai', upstream]]) });
  return {
    upstream,
    attempts,
    way: { request, trace, flight: NO_FLIGHT },
    send: (call) => forward(call, 'openai', { request, trace, flight: NO_FLIGHT }),
    leave() {
      gone = true;
      for (const listener of leaving) listener();
      leaving.clear();
    },
    close: () => upstream.pool.destroy(),
  };
}

/** A body as its reader sees it. */
export interface Read {
  text(): string;
  bytes: number;
  end: 'open' | 'ended' | GatewayError;
  readonly control: BodyControl;
  /** Takes everything from here on, or asks for a pause at each chunk. */
  takes: boolean;
}

/** Starts an answer's body. */
export function read(answer: Answer, takes = true): Read {
  const chunks: Buffer[] = [];
  const { body } = answer;
  const seen = { bytes: 0, end: 'open' as Read['end'], takes, text: () => Buffer.concat(chunks).toString() };
  if (isAtRest(body)) throw new Error('the body is at rest');
  const control = body.start({
    data(chunk) {
      seen.bytes += chunk.length;
      if (seen.bytes < 10_000_000) chunks.push(chunk);
      return seen.takes;
    },
    end: () => void (seen.end = 'ended'),
    fail: (error) => void (seen.end = error),
  });
  return Object.assign(seen, { control });
}
