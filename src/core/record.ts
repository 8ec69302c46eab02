import type { Call } from './call.ts';
import type { Decision } from './decision.ts';
import type { GatewayError } from './errors.ts';
import type { Incoming } from './exchange.ts';
import type { CallId } from './ids.ts';
import type { Principal } from './principal.ts';
import type { Standing } from './quota.ts';
import type { Charge, Metered } from './usage.ts';

/** How a call ended. `broken` is an upstream that failed in mid-answer; `aborted` is a client that went away. */
export type Ending = 'complete' | 'refused' | 'failed' | 'broken' | 'aborted';

/** Everything known of a call at its end: the one source of the span, the metrics and the audit entry. */
export interface CallRecord {
  readonly id: CallId;
  readonly request: Incoming;
  readonly principal: Principal | undefined;
  readonly call: Call | undefined;
  readonly decision: Decision | undefined;
  readonly quote: Charge | undefined;
  readonly standings: readonly Standing[];
  /** Status that the client was sent. */
  readonly status: number;
  readonly metered: Metered | undefined;
  readonly ending: Ending;
  readonly error: GatewayError | undefined;
  /** When the first byte of the answer's body left, in milliseconds since the epoch. */
  readonly firstByteAtMs: number | undefined;
  readonly endedAtMs: number;
  /** True where the audit holds a permit entry, so that this end is its outcome. */
  readonly permitted: boolean;
  /** True where it was not sent, but answered from the journal. */
  readonly isRepeat?: boolean;
}

/** How the body of an answer ended. */
export interface BodyEnd extends Pick<CallRecord, 'ending' | 'error' | 'firstByteAtMs'> {
  readonly metered: Metered;
}

/** Whether a call that was answered has failed, as its run counts errors. */
export function hasFailed(status: number, { error, metered }: Pick<BodyEnd, 'error' | 'metered'>): boolean {
  return status >= 400 || error !== undefined || metered.failure !== undefined;
}
