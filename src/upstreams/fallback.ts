import { discardBody } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';
import type { Forward, Way } from './forward.ts';
import { isNotBegun } from './retry.ts';

export interface FallbackSource {
  readonly forward: Forward;
  readonly onFallback: (from: string, to: string) => void;
}

export interface CandidatesWay extends Way {
  /** Told of each candidate before it is tried; the last one told is the one that answered or failed. */
  readonly onTry: (candidate: PermittedCall) => void;
}

/** The answer of the first candidate of a call that takes it on; of the last one whatever came. */
export function fallbackForwarder({ forward, onFallback }: FallbackSource) {
  return function forwardToOne(call: PermittedCall, way: CandidatesWay): Promise<Answer> {
    if (call.fallbacks.length === 0) return forward(call, call.access.resource.upstream, way);
    return forwardToFirst([call, ...call.fallbacks], way);
  };

  async function forwardToFirst(candidates: readonly PermittedCall[], way: CandidatesWay): Promise<Answer> {
    const [candidate, next] = candidates as readonly [PermittedCall, PermittedCall | undefined];
    const { upstream } = candidate.access.resource;
    way.onTry(candidate);
    if (!next) return forward(candidate, upstream, way);
    const tried = await forward(candidate, upstream, { ...way, hasNext: true }).catch(toGatewayError);
    if (!isNotBegun(candidate, tried)) return given(tried);
    if (!(tried instanceof GatewayError)) discardBody(tried.body);
    onFallback(upstream, next.access.resource.upstream);
    return forwardToFirst(candidates.slice(1), way);
  }
}

function given(tried: Answer | GatewayError): Answer {
  if (tried instanceof GatewayError) throw tried;
  return tried;
}
