import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tracedMessage } from '../../src/protocols/mcp-trace.ts';
import { bytes } from './request.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const traced = (text: string, trace: object = { traceparent: PARENT }): string =>
  tracedMessage(bytes(text), trace).toString();

describe('tracedMessage', () => {
  test.each([
    ['{"params":{"name":"a"},"id":1}', `{"params":{"_meta":{"traceparent":"${PARENT}"},"name":"a"},"id":1}`],
    ['{"params":{}}', `{"params":{"_meta":{"traceparent":"${PARENT}"}}}`],
    ['{"params":{"_meta":{}}}', `{"params":{"_meta":{"traceparent":"${PARENT}"}}}`],
    [
      '{"params":{"_meta":{"progressToken":1.0,"traceparent":"spoofed"},"n":1e2}}',
      `{"params":{"_meta":{"progressToken":1.0,"traceparent":"${PARENT}"},"n":1e2}}`,
    ],
    [
      '{"params":{"_meta":{"tracestate":"theirs=1"}}}',
      `{"params":{"_meta":{"traceparent":"${PARENT}","tracestate":""}}}`,
    ],
    [
      '{"params":{"arguments":{"_meta":1}}}',
      `{"params":{"_meta":{"traceparent":"${PARENT}"},"arguments":{"_meta":1}}}`,
    ],
  ])('makes %s into %s', (before, after) => {
    expect(traced(before)).toBe(after);
  });

  test.each([
    ['{"params":{"n":1}}', '{"params":{"_meta":{"traceparent":"P","tracestate":"v=1"},"n":1}}'],
    ['{"params":{"_meta":{}}}', '{"params":{"_meta":{"traceparent":"P","tracestate":"v=1"}}}'],
    ['{"params":{"_meta":{"a":1}}}', '{"params":{"_meta":{"traceparent":"P","tracestate":"v=1","a":1}}}'],
    ['{"params":{"_meta":{"tracestate":"x"}}}', '{"params":{"_meta":{"traceparent":"P","tracestate":"v=1"}}}'],
  ])('carries the state along: %s', (before, after) => {
    expect(traced(before, { traceparent: 'P', tracestate: 'v=1' })).toBe(after);
  });

  test.each(['{"method":"ping"}', '{"params":[1]}', '{"params":null}'])(
    'leaves %s, which has no place for it',
    (text) => {
      expect(traced(text)).toBe(text);
    },
  );

  test('leaves everything where tracing is off', () => {
    const body = bytes('{"params":{"_meta":{"traceparent":"x"}}}');
    expect(tracedMessage(body, {})).toBe(body);
  });

  test('changes nothing but the trace context of any message', () => {
    const meta = fc.dictionary(fc.constantFrom('traceparent', 'tracestate', 'progressToken', 'é'), fc.jsonValue());
    const params = fc.record({ name: fc.string(), arguments: fc.jsonValue(), _meta: meta }, { requiredKeys: [] });
    fc.assert(
      fc.property(params, fc.constantFrom(undefined, 'v=1'), (before, tracestate) => {
        const message = { jsonrpc: '2.0', id: 1, params: before };
        const trace = { traceparent: PARENT, ...(tracestate !== undefined && { tracestate }) };
        const after = JSON.parse(tracedMessage(bytes(message), trace).toString()) as typeof message;
        const state = tracestate ?? (before._meta && 'tracestate' in before._meta ? '' : undefined);
        const expected = { ...before._meta, traceparent: PARENT, ...(state !== undefined && { tracestate: state }) };
        expect(after).toEqual(JSON.parse(JSON.stringify({ ...message, params: { ...before, _meta: expected } })));
      }),
    );
  });
});
