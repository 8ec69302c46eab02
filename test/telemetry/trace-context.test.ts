import { describe, expect, test } from 'vitest';
import { isSampled, metaLink, traceContexts, traceparent } from '../../src/telemetry/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const all = traceContexts(1);
const none = traceContexts(0);

describe('trace context', () => {
  test('a caller’s trace goes on, with its state and its choice of sampling', () => {
    const sampled = none({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1' });
    expect(sampled).toEqual({ traceId: TRACE, parentId: SPAN, state: 'a=1', flags: 1 });
    expect(isSampled(sampled)).toBe(true);
    expect(isSampled(all({ traceparent: `00-${TRACE}-${SPAN}-00` }))).toBe(false);
  });

  test('flags that nobody defined are not passed on', () => {
    expect(all({ traceparent: `00-${TRACE}-${SPAN}-ff` }).flags).toBe(3);
  });

  test.each([
    undefined,
    'rubbish',
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-extra`,
  ])('%s begins a trace of our own, without the caller’s state', (given) => {
    const context = all({ traceparent: given, tracestate: 'a=1' });
    expect(context.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(context.traceId).not.toBe(TRACE);
    expect(context).toMatchObject({ parentId: '', state: '', flags: 1 });
  });

  test('the ratio decides about traces that begin here', () => {
    const half = traceContexts(0.5);
    const sampled = Array.from({ length: 2_000 }, () => half({})).filter(isSampled).length;
    expect(sampled).toBeGreaterThan(850);
    expect(sampled).toBeLessThan(1_150);
    expect(isSampled(none({}))).toBe(false);
  });

  test('tracestate in several fields is one list, and what is no tracestate is dropped', () => {
    const traceparentHeader = `00-${TRACE}-${SPAN}-01`;
    expect(all({ traceparent: traceparentHeader, tracestate: ['a=1', 'b=2'] }).state).toBe('a=1,b=2');
    expect(all({ traceparent: traceparentHeader, tracestate: 'no state\u0001' }).state).toBe('');
  });

  test('traceparent names the span that sends it', () => {
    expect(traceparent({ traceId: TRACE, parentId: '', state: '', flags: 1 }, SPAN)).toBe(`00-${TRACE}-${SPAN}-01`);
    expect(traceparent({ traceId: TRACE, parentId: '', state: '', flags: 0 }, SPAN)).toBe(`00-${TRACE}-${SPAN}-00`);
  });

  test('the span that an MCP client names in `_meta` is found', () => {
    const body = (meta: object): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', params: { _meta: meta } }));
    expect(metaLink(body({ progressToken: 1, traceparent: `00-${TRACE}-${SPAN}-01` }))).toEqual({
      traceId: TRACE,
      spanId: SPAN,
    });
    expect(metaLink(body({ progressToken: 1 }))).toBeUndefined();
    expect(metaLink(body({ traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }))).toBeUndefined();
    expect(metaLink(Buffer.from('{}'))).toBeUndefined();
  });
});
