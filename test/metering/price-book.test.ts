import { describe, expect, test } from 'vitest';
import { configuredPrice, rate } from '../../src/metering/price.ts';
import { priceBook, type UpstreamPrices } from '../../src/metering/price-book.ts';
import { pricesSchema } from '../../src/metering/schema.ts';

const AT = Date.UTC(2026, 10, 23, 12);
const openai = (prices: unknown = {}): UpstreamPrices => ({
  url: 'https://api.openai.com/v1',
  provider: undefined,
  prices: pricesSchema.parse(prices),
});
const book = (upstream: UpstreamPrices, ceiling?: { input: number; output: number }) => {
  const prices = priceBook({ upstreams: new Map([['a', upstream]]), ceiling });
  return (model: string, atMs = AT) => prices.price('a', model, atMs);
};

describe('priceBook', () => {
  test('takes the catalogue by the address of the upstream', () => {
    expect(book(openai())('gpt-5')?.output).toEqual(rate(10));
  });

  test('takes the word of the config over it: the exact name, then the first pattern that fits', () => {
    const price = book(
      openai({
        'gpt-5*': { input: 1, output: 2 },
        'gpt-*': { input: 3, output: 4 },
        'gpt-5-mini': { input: 5, output: 6, cacheRead: 0.5 },
        'ft:*:acme': { input: 7, output: 8 },
      }),
    );
    expect(price('gpt-5-mini')).toEqual(configuredPrice({ input: 5, output: 6, cacheRead: 0.5 }));
    expect(price('gpt-5-nano')?.input).toEqual(rate(1));
    expect(price('gpt-4o')?.input).toEqual(rate(3));
    expect(price('ft:gpt:x:acme')?.input).toEqual(rate(7));
    expect(price('ft:gpt:x:acme2')).toBeUndefined();
    expect(price('o3')?.input).toEqual(book(openai())('o3')?.input);
  });

  test('takes a pattern for its letters, not as an expression', () => {
    const price = book({ url: 'http://127.0.0.1', provider: undefined, prices: { 'a.b*(c)': 'free' } });
    expect(price('a.b-(c)')).toEqual(configuredPrice('free'));
    expect(price('axb-(c)')).toBeUndefined();
  });

  test('has no price for what nobody priced, and never takes it for free', () => {
    expect(book(openai())('local-llama')).toBeUndefined();
    expect(book({ url: 'http://127.0.0.1:9/v1', provider: undefined, prices: {} })('gpt-5')).toBeUndefined();
    expect(priceBook({ upstreams: new Map(), ceiling: undefined }).price('b', 'gpt-5', AT)).toBeUndefined();
  });

  test('takes the ceiling for what nobody priced, and for nothing else', () => {
    const price = book(openai(), { input: 100, output: 200 });
    expect(price('local-llama')?.output).toEqual(rate(200));
    expect(price('gpt-5')?.output).toEqual(rate(10));
  });

  test('finds a price once in a half hour, and anew in the next', () => {
    const price = book({ url: 'https://api.deepseek.com', provider: undefined, prices: {} });
    const day = price('deepseek-chat', Date.UTC(2026, 10, 23, 16, 10));
    expect(price('deepseek-chat', Date.UTC(2026, 10, 23, 16, 29))).toBe(day);
    const night = price('deepseek-chat', Date.UTC(2026, 10, 23, 16, 30));
    expect(night?.input.base).toBeLessThan(day?.input.base ?? 0);
  });

  test('stays bounded under names that callers invent', () => {
    const price = book({ url: 'http://127.0.0.1', provider: undefined, prices: { '*': { input: 1, output: 1 } } });
    const first = price('model-0');
    for (let index = 0; index < 10_001; index++) price(`model-${index}`);
    expect(price('model-0')).toBe(first);
  });
});

test('an API that is paid by the request has that one price, and other upstreams have none', () => {
  const api = { url: 'https://tickets.test', provider: undefined, prices: {} };
  const upstreams = new Map<string, UpstreamPrices>([
    ['paid', { ...api, request: '0.5 USD' }],
    ['free', { ...api, request: 'free' }],
    ['model', api],
  ]);
  const prices = priceBook({ upstreams, ceiling: { input: 1, output: 1 } });
  expect(['paid', 'free', 'model', 'other'].map((name) => prices.fee(name)?.request)).toEqual([
    500_000,
    0,
    undefined,
    undefined,
  ]);
});
