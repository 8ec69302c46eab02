// Spans of the call path, written as bytes when their call ends.
// INVARIANT: prompts, answers, arguments and credentials are in no span; baggage is never passed on.
// INVARIANT: a span's times are the call's wall-clock beginning plus what a monotonic clock has measured since.
import type { PermittedCall } from '../core/call.ts';
import type { Incoming } from '../core/exchange.ts';
import type { CallRecord } from '../core/record.ts';
import type { Attempt, CallTrace, TraceHeaders, Tracer } from '../core/trace.ts';
import type { CallMetrics } from './call-metrics.ts';
import { type Destination, writeClientSpan } from './client-span.ts';
import type { SpanExporter } from './exporter.ts';
import { type Waited, writeServerSpan } from './server-span.ts';
import { isSampled, newSpanId, type TraceContext, traceContexts, traceparent } from './trace-context.ts';

export interface TracerSource {
  readonly sampleRatio: number;
  /** Undefined where there is no collector: then trace context passes through and no span is made. */
  readonly exporter: SpanExporter | undefined;
  readonly metrics: CallMetrics;
  readonly destination: (upstream: string) => Destination | undefined;
  /** Names of the GenAI conventions as v1.37 had them. */
  readonly legacyNames: boolean;
  /** Takes credentials out of a text. */
  readonly mask: (text: string) => string;
  /** Milliseconds from any beginning, with a fraction, never going back. */
  readonly monotonicMs: () => number;
}

/** One SERVER span per call, one CLIENT span per try, and the call's metrics. */
export function tracer(source: TracerSource): Tracer {
  const contextOf = traceContexts(source.sampleRatio);
  return {
    begin(request) {
      source.metrics.began();
      return new Trace(source, request, contextOf(request.headers));
    },
  };
}

/** A try at an upstream; its span is written with its call's, since only the end of the call knows what it used. */
interface Try {
  readonly call: PermittedCall;
  readonly upstream: string;
  readonly spanId: string;
  readonly startMs: number;
  /** Tries at the same upstream before this one. */
  readonly resent: number;
  ended: { readonly atMs: number; readonly status: number | undefined; readonly error: unknown } | undefined;
}

class Trace implements CallTrace {
  readonly traceId: string;
  readonly #source: TracerSource;
  readonly #startMs: number;
  readonly #context: TraceContext;
  readonly #spanId = newSpanId();
  readonly #offsetMs: number;
  readonly #tries: Try[] = [];
  #wait: Waited | undefined;
  #open = true;

  constructor(source: TracerSource, request: Incoming, context: TraceContext) {
    this.traceId = context.traceId;
    this.#source = source;
    this.#startMs = request.receivedAtMs;
    this.#context = context;
    this.#offsetMs = request.receivedAtMs - source.monotonicMs();
  }

  #now(): number {
    return this.#offsetMs + this.#source.monotonicMs();
  }

  attempt(call: PermittedCall, upstream: string): Attempt {
    const resent = this.#tries.filter((before) => before.upstream === upstream).length;
    const made: Try = { call, upstream, spanId: newSpanId(), startMs: this.#now(), resent, ended: undefined };
    this.#tries.push(made);
    return {
      headers: this.#headers(made.spanId),
      end: ({ status, error }) => {
        if (made.ended) return;
        made.ended = { atMs: this.#now(), status, error };
        this.#source.metrics.tried(upstream, made.ended);
      },
    };
  }

  waited({ ms, limit }: Waited): void {
    this.#wait = { ms, limit };
  }

  // Without a collector this is no hop of the trace: the caller's context passes as it came.
  #headers(spanId: string): TraceHeaders {
    const { state, parentId } = this.#context;
    const sender = this.#source.exporter ? spanId : parentId;
    if (sender === '') return {};
    const header = { traceparent: traceparent(this.#context, sender) };
    return state === '' ? header : { ...header, tracestate: state };
  }

  end(record: CallRecord): void {
    if (!this.#open) return;
    this.#open = false;
    const endMs = this.#now();
    this.#source.metrics.ended(record, (endMs - this.#startMs) / 1_000);
    if (this.#source.exporter && isSampled(this.#context)) this.#write(this.#source.exporter, record, endMs);
  }

  #write(exporter: SpanExporter, record: CallRecord, endMs: number): void {
    const { mask, legacyNames, destination } = this.#source;
    const context = this.#context;
    const last = this.#tries.at(-1);
    exporter.add((writer) =>
      writeServerSpan(writer, record, {
        context,
        spanId: this.#spanId,
        startMs: this.#startMs,
        endMs,
        wait: this.#wait,
        mask,
      }),
    );
    for (const made of this.#tries) {
      const { call, upstream, spanId, startMs, ended } = made;
      const answered = made === last ? record : undefined;
      exporter.add((writer) =>
        writeClientSpan(writer, call, {
          context,
          spanId,
          parentId: this.#spanId,
          startMs,
          // The answer's body belongs to the try that brought it.
          endMs: answered && ended?.error === undefined ? endMs : (ended?.atMs ?? endMs),
          upstream,
          destination: destination(upstream),
          status: ended?.status,
          error: ended?.error,
          resent: made.resent,
          answered,
          legacyNames,
          mask,
        }),
      );
    }
  }
}
