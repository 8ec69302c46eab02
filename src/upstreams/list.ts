// INVARIANT: of a list nothing is passed on that was not cut down first; what cannot be read is not passed on at all.
import { collectBody, discardBody, isAtRest } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer, Cuttable, Incoming } from '../core/exchange.ts';
import type { CallTrace } from '../core/trace.ts';
import { eventByEvent } from './event-by-event.ts';
import type { Forward } from './forward.ts';

const LIST_BYTES = 8_388_608;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;
const EVENTS_TYPE = /^text\/event-stream\b/i;

/** What a caller may see of lists. */
export interface Visibility {
  /** One upstream's list, or whole events with lists in them, without what the caller may not use. */
  narrow(
    call: PermittedCall,
    upstream: string,
    answer: { readonly body: Buffer; readonly contentType: string },
  ): Buffer;
  /** Several upstreams' lists of models as one. */
  merge(call: PermittedCall, bodies: readonly Buffer[]): Buffer;
}

type Way = { readonly request: Incoming; readonly trace: CallTrace; readonly flight: Cuttable };

/** Answers a call whose permit obliges to narrow: each upstream's list is cut down, and several are merged into one. */
export function listForwarder(
  forward: Forward,
  visibility: Visibility,
): (call: PermittedCall, way: Way) => Promise<Answer> {
  const one = async (call: PermittedCall, upstream: string, way: Way): Promise<Answer> =>
    narrowed(call, upstream, { answer: await forward(call, upstream, way), visibility });

  return async function list(call, way) {
    const [only, ...others] = call.upstreams;
    if (only === undefined) throw new GatewayError('gateway.internal', 'the route of this call has no upstream');
    if (others.length === 0) return one(call, only, way);
    const tries = await Promise.allSettled(call.upstreams.map((upstream) => one(call, upstream, way)));
    const answers = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    const lists = answers.flatMap(({ status, body }) => (status === 200 && isAtRest(body) ? [body] : []));
    // An upstream that does not list its models now hides only its own.
    const [failed, ...more] = answers.filter(({ status, body }) => status !== 200 || !isAtRest(body));
    for (const { body } of more) discardBody(body);
    if (lists.length > 0) {
      if (failed) discardBody(failed.body);
      return listAnswer(visibility.merge(call, lists));
    }
    if (failed) return failed;
    throw (tries[0] as PromiseRejectedResult).reason;
  };
}

async function narrowed(
  call: PermittedCall,
  upstream: string,
  { answer, visibility }: { readonly answer: Answer; readonly visibility: Visibility },
): Promise<Answer> {
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) return answer;
  const contentType = String(headers['content-type'] ?? '');
  const narrow = (bytes: Buffer): Buffer => visibility.narrow(call, upstream, { body: bytes, contentType });
  if ('content-encoding' in headers) {
    discardBody(body);
    throw unreadable(upstream);
  }
  if (EVENTS_TYPE.test(contentType)) {
    const { 'content-length': _, ...rest } = ownHeaders(headers);
    return { status, headers: rest, body: eventByEvent(body, { change: narrow, limit: LIST_BYTES }) };
  }
  if (!JSON_TYPE.test(contentType)) {
    // Accepted notifications and the like say nothing; everything else might be a list.
    return { ...answer, body: await collectBody(body, 0, () => unreadable(upstream)) };
  }
  const list = narrow(await collectBody(body, LIST_BYTES, () => tooLarge(upstream)));
  return { status, headers: { ...ownHeaders(headers), 'content-length': String(list.length) }, body: list };
}

// What one caller may see is for no cache that others are answered from.
function ownHeaders(headers: Answer['headers']): Record<string, string | string[]> {
  const { etag: _, 'last-modified': __, ...rest } = headers;
  return { ...rest, 'cache-control': 'no-store' };
}

function listAnswer(body: Buffer): Answer {
  const headers = ownHeaders({ 'content-type': 'application/json', 'content-length': String(body.length) });
  return { status: 200, headers, body };
}

function unreadable(upstream: string): GatewayError {
  return new GatewayError(
    'upstream.broken',
    `the upstream \`${upstream}\` sent a list that is neither plain JSON nor events; nothing of it was passed on`,
  );
}

function tooLarge(upstream: string): GatewayError {
  return new GatewayError(
    'upstream.too_large',
    `the list that the upstream \`${upstream}\` sent is larger than ${LIST_BYTES} bytes; nothing of it was passed on`,
  );
}
