/** What the pipeline asks of each stage. `compose.ts` binds them to one snapshot of the configuration. */
import type { Call, Judged, PermittedCall } from './core/call.ts';
import type { Decision } from './core/decision.ts';
import type { GatewayError } from './core/errors.ts';
import type { Answer, Headers, Incoming } from './core/exchange.ts';
import type { CallId } from './core/ids.ts';
import type { Principal } from './core/principal.ts';
import type { Standing } from './core/quota.ts';
import type { BodyEnd, CallRecord } from './core/record.ts';
import type { Run } from './core/run.ts';
import type { TreeMoved } from './core/tree-moved.ts';
import type { CallTrace } from './core/trace.ts';
import type { Charge, Metered } from './core/usage.ts';
import type { Delivery } from './http/deliver.ts';
import type { Reservation } from './limits/reservation.ts';
import type { Asking, Place } from './routes/asked.ts';
import type { Flight } from './runs/flight.ts';
import type { Journaled } from './runs/journal-gate.ts';
import type { CandidatesWay } from './upstreams/fallback.ts';

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
  /** A promise for a run that this process has not seen. */
  readonly locate: (principal: Principal, headers: Headers) => Run | Promise<Run>;
  /** A promise for a large body alone, which another thread reads. */
  readonly resolve: (request: Incoming, place: Place, asking: Asking) => Call | Promise<Call>;
  /** What the same request was refused with a moment ago, if that still stands. */
  readonly recall: (call: Call) => { readonly decision: Decision; readonly error: GatewayError } | undefined;
  /** Throws `run.*` for a stopped run; a promise for a call that waits while its run is paused. */
  readonly clear: (call: Call, request: Incoming) => Call | Promise<Call>;
  /** What stands of a call: the first of its candidates that is permitted, or the refusal of the preferred one. */
  readonly decide: (call: Call) => Judged;
  /** What goes on of a judgement: a held call waits for its approval, and is then to be judged again (undefined). */
  readonly approve: (judged: Judged, request: Incoming) => Judged | Promise<Judged | undefined>;
  /** The request failed before it was sent: an approval that it took serves again. Never rejects. */
  readonly unsent: (request: Incoming) => Promise<void>;
  readonly oblige: (judged: Judged) => PermittedCall;
  /** The worst that the call may cost, whichever of its candidates answers it. */
  readonly quote: (call: PermittedCall) => Charge;
  /**
   * May wait for room; the call keeps the stages it began with, and so its permit and its limits. Gives what the tree of its
   * run is now where that is not what the call was judged by.
   */
  readonly admit: (
    call: PermittedCall,
    way: { readonly quote: Charge; readonly request: Incoming; readonly trace: CallTrace },
  ) => Promise<Reservation | TreeMoved>;
  /** The call as it is to be judged again. Throws what has moved where that has been so time after time. */
  readonly rejoin: (call: Call, moved: TreeMoved, tries: number) => Call;
  /** The call is under way, and cut off if its run is killed. */
  readonly enter: (call: PermittedCall) => Flight;
  /** For a call that is to be written in the journal: its ticket, or the answer of the one that it repeats. */
  readonly journal: (call: PermittedCall) => Promise<Journaled> | undefined;
  /** Resolves once the permit entry stands in the audit. */
  readonly record: (
    call: PermittedCall,
    quote: Charge,
    standings: readonly Standing[],
    trace: CallTrace,
  ) => Promise<void>;
  /** `onTry` is told of each candidate before it is tried. */
  readonly forward: (call: PermittedCall, way: CandidatesWay) => Promise<Answer>;
  /** What a call that was sent but never answered is taken to have used. */
  readonly unanswered: (call: PermittedCall, error: GatewayError) => Metered;
  readonly meter: (call: PermittedCall, answer: Answer, done: (end: BodyEnd) => void) => Answer;
  readonly present: (call: PermittedCall, answer: Answer, standings: readonly Standing[], flight: Flight) => Delivery;
  readonly refuse: (error: GatewayError, request: Incoming, known: Known) => Delivery;
  /** Books the end of a call: audit entry, span, metrics. Never throws, never waits. */
  readonly close: (record: CallRecord, trace: CallTrace) => void;
}
