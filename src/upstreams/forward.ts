// Stage 7: where it goes. Sends a permitted call to its upstream and hands back the answer as it comes.
// INVARIANT: only a PermittedCall is sent, only to its configured upstream, with that upstream's credential and no other.
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer, Incoming } from '../core/exchange.ts';
import { isHopByHop } from '../core/headers.ts';
import type { Attempt, CallTrace, TraceHeaders } from '../core/trace.ts';
import { Exchange, type UpstreamAnswer } from './exchange.ts';
import { scrubBuffer, scrubSource, scrubText } from './scrub.ts';
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
    if (call.abortable) request.onAbort(() => exchange.cancel());
    upstream.pool.dispatch(
      {
        method: call.method,
        path: upstream.basePath + call.target || '/',
        headers: requestHeaders(call, upstream, attempt.headers),
        body: call.body.length > 0 ? withTrace(call, attempt.headers) : null,
        // A stream that a client holds open to listen has no idle time.
        ...(call.method === 'GET' && call.dialect === 'mcp' && { bodyTimeout: 0 }),
      },
      exchange,
    );
  });
}

// Usage can only be read from an answer that is not compressed.
function requestHeaders(
  call: PermittedCall,
  upstream: Upstream,
  trace: TraceHeaders,
): Record<string, string | string[]> {
  return {
    ...(call.headers as Record<string, string | string[]>),
    'accept-encoding': 'identity',
    ...trace,
    ...upstream.credential,
  };
}

function clientAnswer(answer: UpstreamAnswer, upstream: Upstream): Answer {
  if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
    throw new GatewayError(
      'upstream.redirect',
      `the upstream \`${upstream.name}\` answered with a redirect (${answer.status}), which is never followed; set its \`url\` to the final address`,
    );
  }
  const headers: Record<string, string | string[]> = {};
  const connection = answer.headers['connection'];
  for (const name in answer.headers) {
    const value = answer.headers[name];
    if (value === undefined || isHopByHop(name, connection?.toString()) || name === 'set-cookie') continue;
    headers[name] = clean(value, upstream.secret);
  }
  const { secretBytes } = upstream;
  if (!secretBytes) return { status: answer.status, headers, body: answer.body };
  const body = Buffer.isBuffer(answer.body)
    ? scrubBuffer(answer.body, secretBytes)
    : scrubSource(answer.body, secretBytes);
  return { status: answer.status, headers, body };
}

function clean(value: string | string[], secret: string | undefined): string | string[] {
  if (secret === undefined) return value;
  return typeof value === 'string' ? scrubText(value, secret) : value.map((one) => scrubText(one, secret));
}
