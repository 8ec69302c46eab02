import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/core/call.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import { generatedBytes, inclusiveUsage, tokenCount } from '../../src/protocols/usage-count.ts';

describe('counts', () => {
  test.each([0, 1, 1_000_000_000])('%i is one', (count) => expect(tokenCount(count)).toBe(count));
  test.each([-1, 0.5, 1e308, Infinity, NaN, '5', null, undefined, 1_000_000_001, {}])('%j is none', (count) => {
    expect(tokenCount(count)).toBeUndefined();
  });

  test('never put a token in two classes', () => {
    const stated = fc.nat({ max: 1_000_000_000 });
    const any = fc.oneof(fc.nat(), fc.integer(), fc.constant(undefined), fc.string());
    fc.assert(
      fc.property(stated, stated, any, any, any, any, (input, output, total, cached, written, reasoning) => {
        const usage = inclusiveUsage({ input, output, total, cached, written, reasoning });
        if (!usage) throw new Error('both are counts');
        expect(usage.input + usage.cacheRead + usage.cacheWrite).toBe(input);
        expect(Object.values(usage).every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
        expect(usage.output).toBeGreaterThanOrEqual(output);
        expect(usage.reasoning).toBeLessThanOrEqual(usage.output);
      }),
    );
  });
});

test('generated text is counted without ids, and never understated', () => {
  expect(
    generatedBytes({
      role: 'assistant',
      content: 'four',
      tool_calls: [{ id: 'call_1', function: { name: 'ls', arguments: '{}' } }],
    }),
  ).toBe(8);
  expect(generatedBytes('你好')).toBe(6);
  expect(generatedBytes(Buffer.from('你好').toString('latin1'))).toBeGreaterThanOrEqual(6);
  expect(generatedBytes({ a: [1, null, true] })).toBe(0);
  const deep: { a?: unknown } = {};
  let level = deep;
  for (let index = 0; index < 10_000; index++) level = level.a = {};
  expect(generatedBytes(deep)).toBe(0);
});

test.each(DIALECTS)('the reader of %s takes anything without a throw, and counts in whole numbers', (dialect) => {
  const key = fc.constantFrom(
    'type',
    'usage',
    'choices',
    'delta',
    'message',
    'response',
    'error',
    'output_tokens',
    'id',
    'content',
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })),
    fc.constantFrom('message_start', 'message_delta', 'response.completed', 'error', 'content_block_delta'),
  );
  const answer = fc.oneof(
    fc.string(),
    fc.dictionary(key, value).map((fields) => JSON.stringify(fields)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('', 'error', 'response.failed'), answer)), answer, (events, json) => {
      const usage = PROTOCOLS[dialect].usage();
      for (const [name, data] of events) usage.event(name, data);
      usage.json(Buffer.from(json));
      const { result } = usage;
      expect(result.terminal).toBe(true);
      expect([...Object.values(result.usage), result.outputBytes].every(Number.isSafeInteger)).toBe(true);
    }),
  );
});
