import { describe, expect, test } from 'vitest';
import { cataloguePrice, providerId } from '../../src/metering/catalogue.ts';
import { rate } from '../../src/metering/price.ts';

const AT = Date.UTC(2026, 10, 23, 12);

describe('providerId', () => {
  test.each([
    [undefined, 'https://api.openai.com/v1', 'openai'],
    [undefined, 'https://api.anthropic.com', 'anthropic'],
    [undefined, 'https://api.moonshot.ai/v1', 'moonshotai'],
    ['openai', 'http://127.0.0.1:8080/v1', 'openai'],
    [undefined, 'http://127.0.0.1:8080/v1', undefined],
    ['nobody', 'https://api.openai.com/v1', undefined],
  ])('of %s at %s is %s', (provider, url, id) => {
    expect(providerId({ provider, url })).toBe(id);
  });
});

describe('cataloguePrice', () => {
  test('has each class of tokens at its own price, by the kind of cache', () => {
    expect(cataloguePrice('anthropic', 'claude-opus-4-5', AT)).toEqual({
      input: rate(5),
      cacheRead: rate(0.5),
      cacheWrite: rate(6.25),
      cacheWriteHour: rate(10),
      output: rate(25),
      reasoning: rate(25),
      request: 0,
    });
  });

  test('has the tiers of long inputs', () => {
    expect(cataloguePrice('anthropic', 'claude-sonnet-4-5', AT)).toMatchObject({
      input: { base: 3_000_000, tiers: [{ above: 200_000, rate: 6_000_000 }] },
      cacheWriteHour: { base: 6_000_000, tiers: [{ above: 200_000, rate: 12_000_000 }] },
    });
  });

  test('takes caches that have no price of their own as input', () => {
    expect(cataloguePrice('moonshotai', 'kimi-k2', AT)).toMatchObject({
      cacheRead: rate(0.57),
      cacheWrite: rate(0.57),
    });
  });

  test('knows dated and aliased names', () => {
    expect(cataloguePrice('openai', 'gpt-5-2025-08-07', AT)).toEqual(cataloguePrice('openai', 'gpt-5', AT));
  });

  test('goes by the time of the call', () => {
    const [night, day] = [Date.UTC(2026, 10, 23, 20), Date.UTC(2026, 10, 23, 12)];
    expect(cataloguePrice('deepseek', 'deepseek-chat', night)?.input).toEqual(rate(0.135));
    expect(cataloguePrice('deepseek', 'deepseek-chat', day)?.input).toEqual(rate(0.27));
  });

  test.each([
    ['a model that it does not know', 'openai', 'gpt-nonexistent'],
    ['a model without a price for output', 'openai', 'text-embedding-3-small'],
    ['a provider that it does not know', 'nobody', 'gpt-5'],
  ])('has no price for %s', (_, provider, model) => {
    expect(cataloguePrice(provider, model, AT)).toBeUndefined();
  });
});
