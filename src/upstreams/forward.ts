// Stage 7: where it goes. Sends a permitted call to its upstream and hands back the answer as it comes.
// INVARIANT: only a PermittedCall is sent, only to its configured upstream, with that upstream's credential and no other.
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer, Incoming } from '../core/exchange.ts';
import type { Attempt, CallTrace, TraceHeaders } from '../core/trace.ts';
import { clientAnswer } from './answer.ts';
import { Exchange, type UpstreamAnswer } from './exchange.ts';
import type { Upstream } from './upstream.ts';

export interface ForwardSource {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Puts trace context into the body where the dialect carries it there. */
  readonly withTrace: (call: PermittedCall, trace: TraceHeaders) => Buffer;
}

/** One upstream's answer to a call. */
export type Forward = (
  call: PermittedCall,
  upstream: string,
  way: { readonly request: Incoming; readonly trace: CallTrace },
) => Promise<Answer>;

/** Throws `upstream.*`, and `request.aborted` when the client goes away first. */
export function forwarder(source: ForwardSource): Forward {
  return async function forward(call, name, { request, trace }) {
    const upstream = source.upstreams.get(name);
    if (!upstream) throw new GatewayError('gateway.internal', `there is no upstream \`${name}\``);
    const attempt = trace.attempt(call, name);
    try {
      const answer = await send(call, upstream, { request, attempt, withTrace: source.withTrace });
      attempt.end({ status: answer.status });
      return clientAnswer(answer, upstream);
    } catch (error) {
      attempt.end({ error });
      throw error;
    }
  };
}

interface Sending {
  readonly request: Incoming;
  readonly attempt: Attempt;
  readonly withTrace: ForwardSource['withTrace'];
}

function send(
  call: PermittedCall,
  upstream: Upstream,
  { request, attempt, withTrace }: Sending,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(upstream.name, { resolve, reject });
    if (call.abortable) request.onAbort(() => exchange.clientLeft());
    if (exchange.isGivenUp) return;
    upstream.pool.dispatch(
      {
        method: call.method,
        path: addressOf(upstream, call.target),
        headers: requestHeaders(call, upstream, attempt.headers),
        body: call.body.length > 0 ? withTrace(call, attempt.headers) : null,
        // A stream that a client holds open to listen has no idle time.
        ...(call.method === 'GET' && call.dialect === 'mcp' && { bodyTimeout: 0 }),
      },
      exchange,
    );
  });
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
