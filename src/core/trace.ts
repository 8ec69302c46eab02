import type { PermittedCall } from './call.ts';
import type { Incoming } from './exchange.ts';
import type { CallRecord } from './record.ts';

/** W3C Trace Context of one upstream try, as it goes up in headers and in MCP `_meta`. */
export interface TraceHeaders {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** One try at an upstream: a CLIENT span. */
export interface Attempt {
  readonly headers: TraceHeaders;
  /** Ends it when the answer's head stands or the try failed. Ends once; later calls do nothing. */
  end(result: { readonly status?: number; readonly error?: unknown }): void;
}

/** The SERVER span of one call. */
export interface CallTrace {
  /** 32 hex digits, or empty where tracing is off. */
  readonly traceId: string;
  attempt(call: PermittedCall, upstream: string): Attempt;
  /** Tells of a wait for room in a limit, before its call is sent or refused. */
  waited(wait: { readonly ms: number; readonly limit: string }): void;
  /** Ends the span and books the metrics. */
  end(record: CallRecord): void;
}

export interface Tracer {
  begin(request: Incoming): CallTrace;
}

/** A member of a JSON object: its key, and from where to where it stands, in bytes of the text. */
interface Member {
  readonly key: string;
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** An object in a body, by where it opens, with the members that trace context has to do with; some other one where there is none. */
export interface ObjectSlot {
  readonly open: number;
  readonly members: readonly Member[];
}

/** Where trace context goes into a body (MCP `_meta`). */
export interface TraceSlot {
  readonly params: ObjectSlot;
  /** Undefined where the message has none yet. */
  readonly meta: ObjectSlot | undefined;
}
