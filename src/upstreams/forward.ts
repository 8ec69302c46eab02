// Stage 7: where it goes. Sends a permitted call to its upstream and hands back the answer as it comes.
// INVARIANT: only a PermittedCall is sent, only to its configured upstream, with that upstream's credential and no other.
// INVARIANT: a call is sent again only where it surely was not carried out and nothing of an answer was passed on.
import { discardBody } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer, Cuttable, Incoming } from '../core/exchange.ts';
import type { CallTrace } from '../core/trace.ts';
import { clientAnswer } from './answer.ts';
import { attempt, type AttemptWay } from './attempt.ts';
import type { UpstreamAnswer } from './exchange.ts';
import type { Pause } from './pause.ts';
import { isNotBegun, retryWait } from './retry.ts';
import type { Upstream } from './upstream.ts';

export interface ForwardSource extends Pick<AttemptWay, 'withTrace'> {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly clock: Clock;
  /** Milliseconds from any beginning, never going back. */
  readonly monotonicMs: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly pause: Pause;
  /** Told of each wish to try an upstream again. */
  readonly onRetry: (upstream: string, outcome: 'granted' | 'over-budget') => void;
}

export interface Way {
  readonly request: Incoming;
  readonly trace: CallTrace;
  readonly flight: Cuttable;
  /** Whether another upstream is tried should this one fail. */
  readonly hasNext?: boolean;
}

/** One upstream's answer to a call. */
export type Forward = (call: PermittedCall, upstream: string, way: Way) => Promise<Answer>;

/** Throws `upstream.*`, and `request.aborted` when the client goes away first. */
export function forwarder(source: ForwardSource): Forward {
  const { withTrace, clock, monotonicMs, random, onRetry, pause } = source;
  return async function forward(call, name, { request, trace, flight, hasNext = false }) {
    const upstream = source.upstreams.get(name);
    if (!upstream) throw new GatewayError('gateway.internal', `there is no upstream \`${name}\``);
    const { retry: config, budget } = upstream;
    const startedMs = monotonicMs();
    budget.called();
    for (let resent = 0; ; resent += 1) {
      const tried = await attempt(call, upstream, { request, trace, flight, withTrace });
      if (!isNotBegun(call, tried)) return answerOf(tried, upstream);
      const elapsedMs = monotonicMs() - startedMs;
      const waitMs = retryWait(tried, { config, resent, elapsedMs, hasNext, nowMs: clock.now(), random: random() });
      const isGranted = waitMs !== undefined && budget.take();
      if (waitMs !== undefined) onRetry(name, isGranted ? 'granted' : 'over-budget');
      if (!isGranted) return answerOf(tried, upstream);
      if (!(tried instanceof GatewayError)) discardBody(tried.body);
      await pause(waitMs, (stop) => {
        if (call.abortable) request.onAbort(stop);
        flight.onCut(stop);
      });
    }
  };
}

function answerOf(tried: UpstreamAnswer | GatewayError, upstream: Upstream): Answer {
  if (tried instanceof GatewayError) throw tried;
  return clientAnswer(tried, upstream);
}
