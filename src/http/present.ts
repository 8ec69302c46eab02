import type { Call, PermittedCall } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import { type Answer, type Cuttable, type Headers, header, type Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import { remembered } from '../core/remembered.ts';
import type { Standing } from '../core/quota.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { ErrorContext } from '../protocols/protocol.ts';
import type { Delivery } from './deliver.ts';
import { problem } from './problem.ts';

// What an upstream says of its own limits would contradict ours where we have one.
const isLimitHeader = remembered((name) => /^(x-ratelimit-|anthropic-ratelimit-|ratelimit)/.test(name));

/** The answer as the client gets it: with its ids, what is left of its limits, and a way to end a stream that breaks. */
export function presenter(
  now: () => number,
): (call: PermittedCall, answer: Answer, standings: readonly Standing[], flight: Cuttable) => Delivery {
  return function present(call, answer, standings, flight) {
    const protocol = PROTOCOLS[call.dialect];
    const headers: Record<string, string | string[]> = {};
    for (const name in answer.headers) {
      if (standings.length > 0 && isLimitHeader(name)) continue;
      headers[name] = answer.headers[name] as string | string[];
    }
    if (call.hideUsage) delete headers['content-length'];
    headers['waygate-call'] = call.id;
    headers['waygate-run'] = call.access.run.id;
    // What is left by the count of this process alone says nothing.
    if (call.localMode !== undefined) headers['waygate-limits'] = 'local';
    else if (standings.length > 0) Object.assign(headers, protocol.limitHeaders(standings, now()));
    const broken = isOpenStream(headers)
      ? (error: GatewayError) => protocol.streamError(error, contextOf(call))
      : undefined;
    return { status: answer.status, headers, body: answer.body, flight, ...(broken && { broken }) };
  };
}

// An event can be put behind what has been sent: the stream is text, and no length was announced.
function isOpenStream(headers: Answer['headers']): boolean {
  if ('content-length' in headers || 'content-encoding' in headers) return false;
  return String(headers['content-type'] ?? '').startsWith('text/event-stream');
}

function contextOf(call: Call): ErrorContext {
  return { requestId: call.id, headers: call.headers, call, rpc: call.rpc, stream: true };
}

/** A refusal or failure in the dialect of the route; problem+json (RFC 9457) where there is no route. */
export function refuse(
  error: GatewayError,
  request: Incoming,
  known: {
    readonly id: CallId;
    readonly place: { readonly dialect: Call['dialect'] } | undefined;
    readonly call: Call | undefined;
  },
): Delivery {
  const { id, place, call } = known;
  if (!place) return problem(error, id);
  const context = {
    requestId: id,
    headers: request.headers,
    call,
    rpc: call?.rpc,
    stream: call?.stream ?? wantsStream(request.headers),
  };
  const wire = PROTOCOLS[place.dialect].error(error, context);
  const headers = { ...wire.headers, 'waygate-call': id, ...(call && { 'waygate-run': call.access.run.id }) };
  return { status: wire.status, headers, body: Buffer.from(wire.body) };
}

function wantsStream(headers: Headers): boolean {
  return header(headers, 'accept')?.includes('text/event-stream') ?? false;
}
