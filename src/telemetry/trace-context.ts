import { ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api';
import { parseTraceParent, TraceState } from '@opentelemetry/core';
import { RandomIdGenerator, SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { type Headers, header } from '../core/exchange.ts';
import type { SpanLink } from './otlp-encode.ts';

/** The trace that a call belongs to (W3C Trace Context level 1). */
export interface TraceContext {
  readonly traceId: string;
  /** The caller's span; empty where the trace begins here. */
  readonly parentId: string;
  /** `tracestate` as it is passed on; may be empty. */
  readonly state: string;
  readonly flags: number;
}

/** Sampled, and of level 2 that the trace id is random. */
const KNOWN_FLAGS = 0x03;

const ids = new RandomIdGenerator();

export function newSpanId(): string {
  return ids.generateSpanId();
}

/** Reads a caller's context from its headers, or begins a trace. The caller's choice of sampling stands; ours is for new traces. */
export function traceContexts(sampleRatio: number): (headers: Headers) => TraceContext {
  const sampler = new TraceIdRatioBasedSampler(sampleRatio);
  return function read(headers) {
    const given = header(headers, 'traceparent');
    const parent = given === undefined ? null : parseTraceParent(given);
    if (parent)
      return {
        traceId: parent.traceId,
        parentId: parent.spanId,
        state: traceState(headers),
        flags: parent.traceFlags & KNOWN_FLAGS,
      };
    const traceId = ids.generateTraceId();
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId);
    const flags = decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return { traceId, parentId: '', state: '', flags };
  };
}

export function isSampled(context: TraceContext): boolean {
  return (context.flags & TraceFlags.SAMPLED) !== 0;
}

/** `traceparent` of a span of this context. */
export function traceparent(context: TraceContext, spanId: string): string {
  return `00-${context.traceId}-${spanId}-0${context.flags}`;
}

function traceState(headers: Headers): string {
  const value = headers['tracestate'];
  if (value === undefined) return '';
  return new TraceState(typeof value === 'string' ? value : value.join(',')).serialize();
}

const META = Buffer.from('"_meta"');
const META_BYTES = 1_024;
const MEMBER = /"traceparent"\s*:\s*"([0-9a-f-]{55})"/;

/** The span that an MCP client names in the `_meta` of its request, which came after the trace had begun. */
export function metaLink(body: Buffer): SpanLink | undefined {
  const at = body.indexOf(META);
  if (at < 0) return undefined;
  const member = MEMBER.exec(body.toString('latin1', at, at + META_BYTES));
  const parent = member?.[1] === undefined ? null : parseTraceParent(member[1]);
  return parent ? { traceId: parent.traceId, spanId: parent.spanId } : undefined;
}
