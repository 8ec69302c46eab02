import { collectBody } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer, Incoming } from '../core/exchange.ts';
import type { CallTrace } from '../core/trace.ts';
import type { Forward } from './forward.ts';

const LIST_BYTES = 8_388_608;

/** What a caller may see of lists. */
export interface Visibility {
  /** One upstream's list without what the caller may not use. */
  narrow(
    call: PermittedCall,
    upstream: string,
    answer: { readonly body: Buffer; readonly contentType: string },
  ): Buffer;
  /** Several upstreams' lists of models as one. */
  merge(call: PermittedCall, bodies: readonly Buffer[]): Buffer;
}

type Way = { readonly request: Incoming; readonly trace: CallTrace };

/** Answers a call whose permit obliges to narrow: each upstream's list is taken whole, cut down, and merged with the others'. */
export function listForwarder(
  forward: Forward,
  visibility: Visibility,
): (call: PermittedCall, way: Way) => Promise<Answer> {
  async function one(call: PermittedCall, upstream: string, way: Way): Promise<Answer> {
    const answer = await forward(call, upstream, way);
    const contentType = String(answer.headers['content-type'] ?? '');
    if (answer.status !== 200 || !/^(application\/json|text\/event-stream)\b/.test(contentType)) return answer;
    const whole = await collectBody(answer.body, LIST_BYTES, () => tooLarge(upstream));
    const body = visibility.narrow(call, upstream, { body: whole, contentType });
    return { ...answer, headers: { ...answer.headers, 'content-length': String(body.length) }, body };
  }

  return async function list(call, way) {
    const [only, ...others] = call.upstreams;
    if (only === undefined) throw new GatewayError('gateway.internal', 'the route of this call has no upstream');
    if (others.length === 0) return one(call, only, way);
    const tries = await Promise.allSettled(call.upstreams.map((upstream) => one(call, upstream, way)));
    const answers = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    const lists = answers.filter((answer) => answer.status === 200 && Buffer.isBuffer(answer.body));
    if (lists.length === 0) return answers[0] ?? Promise.reject((tries[0] as PromiseRejectedResult).reason);
    // An upstream that does not list its models now hides only its own.
    const body = visibility.merge(
      call,
      lists.map((answer) => answer.body as Buffer),
    );
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
      body,
    };
  };
}

function tooLarge(upstream: string): GatewayError {
  return new GatewayError(
    'upstream.too_large',
    `the list that the upstream \`${upstream}\` sent is larger than ${LIST_BYTES} bytes; nothing of it was passed on`,
  );
}
