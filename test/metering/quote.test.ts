import { describe, expect, test } from 'vitest';
import { configuredPrice, rate, requestPrice, statedPrice } from '../../src/metering/price.ts';
import { dearestQuote, quote } from '../../src/metering/quote.ts';
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

  test('is what may be sound or pictures at the dearest of their prices, and the rest at that of text', () => {
    const price = {
      ...configuredPrice({ input: 1, output: 2 }),
      media: { audioInput: rate(10), imageInput: rate(3), imageOutput: rate(30) },
    };
    const asked = { ...estimate, mediaTokens: 100 };
    expect(quote(callOf('gemini', { estimate: asked }), price)).toEqual({
      tokens: 1_200,
      money: 900 + 1_000 + 200 * 30,
    });
    expect(quote(callOf('gemini', { estimate }), price).money).toBe(1_000 + 6_000);
    expect(quote(callOf('gemini', { estimate: asked }), configuredPrice({ input: 1, output: 2 })).money).toBe(1_400);
  });

  test('of media that are cheaper than text is that of text', () => {
    const price = { ...configuredPrice({ input: 5, output: 1 }), media: { imageInput: rate(1) } };
    expect(quote(callOf('gemini', { estimate: { ...estimate, mediaTokens: 1_000 } }), price).money).toBe(5_200);
  });

  test('rounds up', () => {
    const one = { inputTokens: 1, outputTokens: 0 };
    expect(quote(callOf('anthropic', { estimate: one }), configuredPrice({ input: 0.1, output: 1 })).money).toBe(1);
  });

  test('is a price per request for each of its units, besides no tokens', () => {
    const price = requestPrice(0.04);
    expect(quote(callOf('openai-media', { action: 'model.speech', estimate }), price)).toEqual({
      tokens: 1_200,
      money: 40_000,
    });
    const three = { ...estimate, units: 3 };
    expect(quote(callOf('openai-media', { action: 'model.image', estimate: three }), price).money).toBe(120_000);
  });

  test('of a fraction of a micro-USD is a whole one', () => {
    expect(requestPrice(0.07).request).toBe(70_000);
    expect(requestPrice(0.000_000_1).request).toBe(1);
    expect(requestPrice(0).request).toBe(0);
  });

  test.each([
    'model.list',
    'model.count',
    'tool.call',
    'tool.list',
    'resource.read',
    'prompt.get',
    'object.read',
    'object.write',
  ] as const)('is nothing for %s, with or without a price', (action) => {
    expect(quote(callOf('mcp', { action, estimate }), undefined)).toEqual({ tokens: 0, money: 0 });
  });

  test.each(['model.image', 'model.speech', 'model.transcribe', 'model.moderate'] as const)(
    'refuses %s without a price, and says which price to state',
    (action) => {
      expect(() => quote(callOf('openai-media', { action }), undefined)).toThrow(
        expect.objectContaining({
          code: 'price.unknown',
          message: expect.stringContaining(`\`${action}\` with \`gpt-5\``),
        }),
      );
      expect(() => quote(callOf('openai-media', { action }), undefined)).toThrow('prices: { gpt-5: { request: … } }');
    },
  );

  test('refuses a batch that nobody can read without a price of its own, one of a model without that of the model', () => {
    const batch = callOf('openai-objects', { action: 'model.batch' });
    const resource = { kind: 'object', upstream: 'openai', name: 'batches' } as const;
    const opaque = { ...batch, access: { ...batch.access, resource } };
    expect(() => quote(opaque, undefined)).toThrow('prices: { batches: { request: … } }');
    expect(() => quote(batch, undefined)).toThrow('`ceiling`');
  });

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

describe('the quote of a call with candidates', () => {
  const to = (model: string) => ({ ...callOf('anthropic', { estimate }), model });
  const prices = {
    cheap: configuredPrice({ input: 1, output: 1 }),
    dear: configuredPrice({ input: 9, output: 9 }),
  };
  const priceOf = ({ model }: { readonly model: string }) => prices[model as keyof typeof prices];

  test('is that of the dearest, whichever is preferred', () => {
    const expected = { tokens: 1_200, money: 10_800 };
    expect(dearestQuote({ ...to('cheap'), fallbacks: [to('dear')] }, priceOf)).toEqual(expected);
    expect(dearestQuote({ ...to('dear'), fallbacks: [to('cheap')] }, priceOf)).toEqual(expected);
  });

  test('is none where one of them has no price', () => {
    expect(() => dearestQuote({ ...to('cheap'), fallbacks: [to('unknown')] }, priceOf)).toThrow(
      expect.objectContaining({ code: 'price.unknown' }),
    );
  });
});

describe('the quote of a plain HTTP request', () => {
  const call = callOf('http', { action: 'http.request', estimate: { inputTokens: 0, outputTokens: 0 } });

  test('is the price of a request', () => {
    expect(quote(call, statedPrice('0.002 USD'))).toEqual({ tokens: 0, money: 2_000 });
    expect(quote(call, statedPrice('free'))).toEqual({ tokens: 0, money: 0 });
  });

  test('is never nothing because nobody said', () => {
    expect(() => quote(call, undefined)).toThrow(expect.objectContaining({ code: 'price.unknown' }));
  });
});
