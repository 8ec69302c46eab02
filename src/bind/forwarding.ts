// Part of the composition root: where permitted calls go.
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { mayUseFor } from '../policy/delegated.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import { mergeLists } from '../routes/model-list.ts';
import type { ModelSelector } from '../routes/models.ts';
import { visibleList } from '../routes/visible.ts';
import type { Stages } from '../stages.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { changedAnswer } from '../upstreams/changed.ts';
import { fallbackForwarder } from '../upstreams/fallback.ts';
import { forwarder } from '../upstreams/forward.ts';
import { listForwarder } from '../upstreams/list.ts';
import { systemPause } from '../upstreams/pause.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { OwnTools } from './approvals.ts';

export interface ForwardingSource {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly models: ReadonlyMap<string, ModelSelector>;
  readonly policies: PolicySet;
  readonly own: Pick<OwnTools, 'listed' | 'answer'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

const monotonicMs = (): number => performance.now();

export function forwarding({ upstreams, models, policies, own, clock, metrics }: ForwardingSource): Stages['forward'] {
  const forward = forwarder({
    upstreams,
    clock,
    monotonicMs,
    random: () => Math.random(),
    pause: systemPause,
    withTrace: (call, trace) => PROTOCOLS[call.dialect].withTrace(call, trace),
    onRetry: (upstream, outcome) => metrics.upstreamRetried(upstream, outcome),
  });
  const toOne = fallbackForwarder({ forward, onFallback: (from, to) => metrics.upstreamLeft(from, to) });
  const narrow = visibleList({ models, mayUse: (access) => mayUseFor(policies, access) });
  const list = listForwarder(forward, {
    narrow(call, upstream, answer) {
      const body = narrow(call, upstream, answer);
      return own.listed(call, upstream, { ...answer, body });
    },
    merge: mergeLists,
  });
  return function send(call, way) {
    if (call.ownTool) return own.answer(call, call.ownTool);
    if (isList(call)) return list(call, way);
    const answer = toOne(call, way);
    const change = PROTOCOLS[call.dialect].answerChange?.(call);
    return change ? changedAnswer({ call, answer }, change) : answer;
  };
}

// A list is cut down to what its reader may use, and asked of every upstream of its route.
function isList(call: PermittedCall): boolean {
  return call.decision.obligations.some(({ kind }) => kind === 'narrow');
}
