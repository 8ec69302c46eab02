/** What the pipeline asks of each stage. `compose.ts` binds them to one snapshot of the configuration. */
import type { AccessRequest } from './core/access.ts';
import type { Call, PermittedCall } from './core/call.ts';
import type { Decision } from './core/decision.ts';
import type { GatewayError } from './core/errors.ts';
import type { Answer, Headers, Incoming } from './core/exchange.ts';
import type { CallId } from './core/ids.ts';
import type { Principal } from './core/principal.ts';
import type { Standing } from './core/quota.ts';
import type { BodyEnd, CallRecord } from './core/record.ts';
import type { Run } from './core/run.ts';
import type { CallTrace } from './core/trace.ts';
import type { Charge, Metered } from './core/usage.ts';
import type { Delivery } from './http/deliver.ts';
import type { Reservation } from './limits/reserve.ts';
import type { Asking, Place } from './routes/resolve.ts';

/** As much of a call as was understood before it failed. */
export interface Known {
  readonly id: CallId;
  readonly place: Place | undefined;
  readonly call: Call | undefined;
}

/** One stage each, bound to one snapshot of the configuration. */
export interface Stages {
  readonly now: () => number;
  readonly begin: (request: Incoming) => CallTrace;
  readonly place: (request: Incoming) => Place;
  readonly identify: (request: Incoming) => Principal | Promise<Principal>;
  readonly locate: (principal: Principal, headers: Headers) => Run;
  /** A promise for a large body alone, which another thread reads. */
  readonly resolve: (request: Incoming, place: Place, asking: Asking) => Call | Promise<Call>;
  readonly decide: (access: AccessRequest) => Decision;
  readonly oblige: (call: Call, decision: Decision) => PermittedCall;
  /** The worst that the call may cost. */
  readonly quote: (call: PermittedCall) => Charge;
  readonly admit: (call: PermittedCall, quote: Charge) => Promise<Reservation>;
  /** Resolves once the permit entry stands in the audit. */
  readonly record: (
    call: PermittedCall,
    quote: Charge,
    standings: readonly Standing[],
    trace: CallTrace,
  ) => Promise<void>;
  readonly forward: (
    call: PermittedCall,
    way: { readonly request: Incoming; readonly trace: CallTrace },
  ) => Promise<Answer>;
  /** What a call that was sent but never answered is taken to have used. */
  readonly unanswered: (call: PermittedCall, error: GatewayError) => Metered;
  readonly meter: (call: PermittedCall, answer: Answer, done: (end: BodyEnd) => void) => Answer;
  readonly present: (call: PermittedCall, answer: Answer, standings: readonly Standing[]) => Delivery;
  readonly refuse: (error: GatewayError, request: Incoming, known: Known) => Delivery;
  /** Books the end of a call: audit entry, span, metrics. Never throws, never waits. */
  readonly close: (record: CallRecord, trace: CallTrace) => void;
}
