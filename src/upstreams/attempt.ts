import { isAtRest } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Cuttable, Incoming } from '../core/exchange.ts';
import type { CallTrace, TraceHeaders } from '../core/trace.ts';
import type { Outcome, Pass } from './circuit.ts';
import { Exchange, type ExchangeEnd, type UpstreamAnswer } from './exchange.ts';
import type { Upstream } from './upstream.ts';

export interface AttemptWay {
  readonly request: Incoming;
  readonly trace: CallTrace;
  readonly flight: Cuttable;
  /** Puts trace context into the body where the dialect carries it there. */
  readonly withTrace: (call: PermittedCall, trace: TraceHeaders) => Buffer;
}

/** Sends a call once: a span of its own, and a word to the circuit of how it went. Never rejects: a failure is a value. */
export function attempt(
  call: PermittedCall,
  upstream: Upstream,
  { request, trace, flight, withTrace }: AttemptWay,
): Promise<UpstreamAnswer | GatewayError> {
  const pass = upstream.circuit.enter();
  if (typeof pass === 'number') return Promise.resolve(unavailable(upstream, pass));
  const span = trace.attempt(call, upstream.name);
  return new Promise((resolve) => {
    const end = endOf(upstream, pass, (result) => {
      span.end(result instanceof GatewayError ? { error: result } : { status: result.status });
      resolve(result);
    });
    const exchange = new Exchange(upstream.name, end);
    if (call.abortable) request.onAbort(() => exchange.clientLeft());
    flight.onCut((error) => exchange.cutOff(error));
    if (exchange.isGivenUp) return;
    try {
      const body = call.body.length > 0 ? withTrace(call, span.headers) : null;
      dispatch({ call, upstream, headers: requestHeaders(call, upstream, span.headers), body }, exchange);
    } catch (thrown) {
      end.reject(toGatewayError(thrown));
    }
  });
}

interface Sending {
  readonly call: PermittedCall;
  readonly upstream: Upstream;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer | null;
}

function dispatch({ call, upstream, headers, body }: Sending, exchange: Exchange): void {
  const path = addressOf(upstream, call.target);
  // A stream that a client holds open to listen has no idle time.
  const listens = call.method === 'GET' && call.dialect === 'mcp';
  upstream.pool.dispatch({ method: call.method, path, headers, body, ...(listens && { bodyTimeout: 0 }) }, exchange);
}

/** What hears of the exchange's end. A body that flows tells of the upstream only when it has ended, but for a probe. */
function endOf({ circuit }: Upstream, pass: Pass, done: (result: UpstreamAnswer | GatewayError) => void): ExchangeEnd {
  let isOpen = false;
  return {
    resolve(answer) {
      const isBad = answer.status >= 500;
      isOpen = !isBad && !isAtRest(answer.body);
      if (pass === 'probe' || !isOpen) circuit.left(pass, isBad ? 'bad' : 'good');
      done(answer);
    },
    reject(error) {
      circuit.left(pass, outcomeOf(error));
      done(error);
    },
    ended(failure) {
      if (isOpen) circuit.left('plain', failure ? 'bad' : 'good');
    },
  };
}

function outcomeOf({ blame }: GatewayError): Outcome {
  return blame === 'upstream' ? 'bad' : 'unknown';
}

function unavailable({ name }: Upstream, waitMs: number): GatewayError {
  const seconds = Math.ceil(waitMs / 1_000);
  const message = `the upstream \`${name}\` failed too often of late and is left alone; the call was not carried out; try again in ${seconds} s`;
  return new GatewayError('upstream.unavailable', message, { retryAfterMs: waitMs });
}

function addressOf(upstream: Upstream, target: string): string {
  return target.startsWith('/') ? upstream.basePath + target : upstream.endpoint + target;
}

function requestHeaders(
  call: PermittedCall,
  upstream: Upstream,
  trace: TraceHeaders,
): Record<string, string | string[]> {
  return {
    ...(call.headers as Record<string, string | string[]>),
    // Usage can only be read from an answer that is not compressed.
    'accept-encoding': 'identity',
    ...trace,
    ...upstream.credential,
  };
}
