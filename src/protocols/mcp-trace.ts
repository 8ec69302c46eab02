import type { ObjectSlot, TraceHeaders, TraceSlot } from '../core/trace.ts';
import { type Edit, isObjectAt, outline, type Part, partOf, setMember, splice } from './json-outline.ts';

const KEYS = ['_meta', 'traceparent', 'tracestate'];

/**
 * The message with trace context in `params._meta` (SEP-414), over whatever the client put there; as it was where it
 * has no `params` or tracing is off. `known` is where it goes, if that was looked for before.
 */
export function tracedMessage(body: Buffer, trace: TraceHeaders, known?: TraceSlot): Buffer {
  if (trace.traceparent === undefined) return body;
  const slot = known ?? traceSlot(body);
  if (!slot) return body;
  if (slot.meta) return splice(body, metaEdits(slot.meta, trace));
  const value = JSON.stringify({
    traceparent: trace.traceparent,
    ...(trace.tracestate !== undefined && { tracestate: trace.tracestate }),
  });
  return splice(body, [setMember(slot.params.open, slot.params.members, { key: '_meta', value })]);
}

/** Where trace context goes into a message; undefined where it has no `params`. */
export function traceSlot(body: Buffer): TraceSlot | undefined {
  const text = body.toString('latin1');
  const params = partOf(outline(text, text.indexOf('{')), 'params');
  if (!params || !isObjectAt(text, params)) return undefined;
  const members = outline(text, params.start);
  const meta = partOf(members, '_meta');
  return { params: slotOf(params, members), meta: meta && slotOf(meta, outline(text, meta.start)) };
}

function slotOf({ start }: Part, members: readonly Part[]): ObjectSlot {
  const known = members.filter(({ key }) => KEYS.includes(key));
  return { open: start, members: known.length > 0 ? known : members.slice(0, 1) };
}

function metaEdits({ open, members }: ObjectSlot, trace: TraceHeaders): readonly Edit[] {
  const parent = setMember(open, members, { key: 'traceparent', value: JSON.stringify(trace.traceparent) });
  // A state belongs to the parent that it came with.
  if (trace.tracestate === undefined && !partOf(members, 'tracestate')) return [parent];
  const value = JSON.stringify(trace.tracestate ?? '');
  const isFirst = members.length === 0;
  const state = setMember(open, members, { key: 'tracestate', value });
  return isFirst ? [{ ...parent, text: `${parent.text},` }, state] : [parent, state];
}
