import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/core/access.ts';
import { ACTIONS, MODEL_USES } from '../../src/core/access.ts';
import type { Call } from '../../src/core/call.ts';
import { callPrice } from '../../src/metering/call-price.ts';
import { configuredPrice, rate, requestPrice } from '../../src/metering/price.ts';
import { priceBook } from '../../src/metering/price-book.ts';
import { pricesSchema } from '../../src/metering/schema.ts';
import { callOf } from './call.ts';

const AT = Date.UTC(2026, 10, 23, 12);

const bookOf = (prices: unknown, ceiling?: { input: number; output: number }) =>
  priceBook({
    upstreams: new Map([
      ['openai', { url: 'https://api.openai.com/v1', provider: undefined, prices: pricesSchema.parse(prices) }],
    ]),
    ceiling,
  });

function call(action: Action, model: string): Call {
  return { ...callOf('openai-media', { action }), model };
}

/** A batch whose requests lie in a file. */
function opaqueBatch(): Call {
  const made = callOf('openai-objects', { action: 'model.batch' });
  const resource = { kind: 'object', upstream: 'openai', name: 'batches' } as const;
  return { ...made, model: '', access: { ...made.access, resource } };
}

describe('what a call is paid by', () => {
  const price = (prices: unknown, action: Action, model: string) => callPrice(bookOf(prices), call(action, model), AT);

  test('is its tokens for text, and for embeddings those of its input', () => {
    expect(price({}, 'model.generate', 'gpt-5')?.output).toEqual(rate(10));
    expect(price({}, 'model.embed', 'text-embedding-3-small')).toMatchObject({ input: rate(0.02), output: rate(0) });
    expect(price({}, 'model.generate', 'text-embedding-3-small')).toBeUndefined();
  });

  test.each(['model.image', 'model.transcribe', 'model.speech', 'model.moderate'] as const)(
    'is the price per request that is stated, for %s',
    (action) => {
      expect(price({ 'a*': { request: 0.04 } }, action, 'abc')).toEqual(requestPrice(0.04));
      expect(price({ '*': 'free' }, action, 'abc')).toEqual(requestPrice(0));
      expect(price({ abc: { input: 1, output: 2, request: 0.07 } }, action, 'abc')).toEqual(requestPrice(0.07));
      expect(price({ abc: { request: 0.07 } }, action, 'abc')?.request).toBe(70_000);
    },
  );

  test('is, without one, the tokens of images and transcriptions at their dearest medium', () => {
    expect(price({}, 'model.image', 'gpt-image-1.5')).toMatchObject({ input: rate(8), output: rate(32) });
    expect(price({}, 'model.transcribe', 'gpt-4o-transcribe')).toMatchObject({ input: rate(6), output: rate(10) });
    expect(price({ own: { input: 1, output: 2 } }, 'model.image', 'own')).toEqual(
      configuredPrice({ input: 1, output: 2 }),
    );
  });

  test('is nothing that a pattern or a ceiling for text says, for what is no text', () => {
    const book = bookOf({ '*': { input: 1, output: 4 } }, { input: 9, output: 9 });
    for (const action of ['model.image', 'model.transcribe', 'model.speech', 'model.moderate'] as const)
      expect(callPrice(book, call(action, 'unpriced'), AT)).toBeUndefined();
    expect(callPrice(book, opaqueBatch(), AT)).toBeUndefined();
    expect(callPrice(book, call('model.embed', 'unpriced'), AT)).toEqual(configuredPrice({ input: 1, output: 4 }));
  });

  test('is never a price per request for text', () => {
    expect(price({ '*': { request: 0.04 } }, 'model.generate', 'nobody')).toBeUndefined();
    expect(price({ '*': { request: 0.04 } }, 'model.generate', 'gpt-5')?.output).toEqual(rate(10));
  });

  test('of a batch is that of its model, or where that is unknown the one stated by name', () => {
    expect(price({}, 'model.batch', 'gpt-5')?.output).toEqual(rate(10));
    expect(callPrice(bookOf({ '*': { request: 1 } }), opaqueBatch(), AT)).toBeUndefined();
    expect(callPrice(bookOf({ '*': 'free' }), opaqueBatch(), AT)).toBeUndefined();
    expect(callPrice(bookOf({ batches: { request: 50 } }), opaqueBatch(), AT)).toEqual(requestPrice(50));
  });

  test('is asked for exactly where a model is used', () => {
    const prices = { '*': 'free', batches: 'free' };
    const paid = ACTIONS.filter((action) => callPrice(bookOf(prices), call(action, 'm'), AT) !== undefined);
    expect(new Set(paid)).toEqual(MODEL_USES);
  });
});
