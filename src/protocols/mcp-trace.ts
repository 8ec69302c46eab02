import type { TraceHeaders } from '../core/trace.ts';
import { type Edit, isObjectAt, outline, partOf, setMember, splice } from './json-outline.ts';

/**
 * The message with trace context in `params._meta` (SEP-414), over whatever the client put there; as it was where it
 * has no `params` or tracing is off.
 */
export function tracedMessage(body: Buffer, trace: TraceHeaders): Buffer {
  if (trace.traceparent === undefined) return body;
  const text = body.toString('latin1');
  const params = partOf(outline(text, text.indexOf('{')), 'params');
  if (!params || !isObjectAt(text, params)) return body;
  const members = outline(text, params.start);
  const meta = partOf(members, '_meta');
  if (!meta) {
    const value = JSON.stringify({
      traceparent: trace.traceparent,
      ...(trace.tracestate !== undefined && { tracestate: trace.tracestate }),
    });
    return splice(body, [setMember(params.start, members, { key: '_meta', value })]);
  }
  return splice(body, metaEdits(text, meta.start, trace));
}

function metaEdits(text: string, open: number, trace: TraceHeaders): readonly Edit[] {
  const members = outline(text, open);
  const parent = setMember(open, members, { key: 'traceparent', value: JSON.stringify(trace.traceparent) });
  // A state belongs to the parent that it came with.
  if (trace.tracestate === undefined && !partOf(members, 'tracestate')) return [parent];
  const value = JSON.stringify(trace.tracestate ?? '');
  const isFirst = members.length === 0;
  const state = setMember(open, members, { key: 'tracestate', value });
  return isFirst ? [{ ...parent, text: `${parent.text},` }, state] : [parent, state];
}
