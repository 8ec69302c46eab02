import { describe, expect, test } from 'vitest';
import { configuredPrice, rate, requestPrice } from '../../src/metering/price.ts';
import { quote } from '../../src/metering/quote.ts';
import { callOf } from './call.ts';

const estimate = { inputTokens: 1_000, outputTokens: 200 };

describe('quote', () => {
  test('is all input and output at the dearest price of their classes', () => {
    const price = {
      ...configuredPrice({ input: 3, output: 15 }),
      cacheWrite: rate(3.75),
      cacheWriteHour: rate(6),
      reasoning: rate(20),
    };
    expect(quote(callOf('anthropic', { estimate }), price)).toEqual({ tokens: 1_200, money: 6_000 + 4_000 });
  });

  test('takes the tier that so much input is in', () => {
    const price = { ...configuredPrice({ input: 1, output: 1 }), input: rate(1, [{ start: 999, price: 2 }]) };
    expect(quote(callOf('anthropic', { estimate }), price).money).toBe(2_200);
  });

  test('rounds up', () => {
    const one = { inputTokens: 1, outputTokens: 0 };
    expect(quote(callOf('anthropic', { estimate: one }), configuredPrice({ input: 0.1, output: 1 })).money).toBe(1);
  });

  test.each(['model.list', 'model.count', 'tool.call', 'tool.list', 'resource.read', 'prompt.get'] as const)(
    'is nothing for %s, with or without a price',
    (action) => {
      expect(quote(callOf('mcp', { action, estimate }), undefined)).toEqual({ tokens: 0, money: 0 });
    },
  );

  test.each(['model.generate', 'model.embed'] as const)(
    'refuses %s without a price, and says what to set',
    (action) => {
      expect(() => quote(callOf('openai-chat', { action }), undefined)).toThrow(
        expect.objectContaining({
          code: 'price.unknown',
          message: expect.stringMatching(/`gpt-5` of the upstream `openai`.*`prices`.*`ceiling`/),
        }),
      );
    },
  );
});

describe('the quote of a plain HTTP request', () => {
  const call = callOf('http', { action: 'http.request', estimate: { inputTokens: 0, outputTokens: 0 } });

  test('is the price of a request', () => {
    expect(quote(call, requestPrice('0.002 USD'))).toEqual({ tokens: 0, money: 2_000 });
    expect(quote(call, requestPrice('free'))).toEqual({ tokens: 0, money: 0 });
  });

  test('is never nothing because nobody said', () => {
    expect(() => quote(call, undefined)).toThrow(expect.objectContaining({ code: 'price.unknown' }));
  });
});
