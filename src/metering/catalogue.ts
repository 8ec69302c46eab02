// The price catalogue that comes with the gateway. Nothing is fetched: what it does not know has no price here.
import { calcPrice, findProvider, type ModelPrice as Listed } from '@pydantic/genai-prices';
import { NO_MONEY } from '../core/money.ts';
import { type ModelPrice, type Rate, rate } from './price.ts';

/** A provider of the catalogue, by its id there or by the address of its API; undefined where it knows neither. */
export function providerId(source: {
  readonly provider: string | undefined;
  readonly url: string;
}): string | undefined {
  const { provider, url } = source;
  return findProvider(provider === undefined ? { providerApiUrl: url } : { providerId: provider })?.id;
}

/** The price of a provider's model at a time, or undefined where the catalogue has none for both input and output. */
export function cataloguePrice(provider: string, model: string, atMs: number): ModelPrice | undefined {
  const found = calcPrice({}, model, { providerId: provider, timestamp: new Date(atMs) });
  if (!found) return undefined;
  const listed = found.model_price;
  const input = rateOf(listed, 'input_mtok');
  const output = rateOf(listed, 'output_mtok');
  if (!input || !output) return undefined;
  const cacheWrite = rateOf(listed, 'cache_write_mtok') ?? rateOf(listed, 'cache_write_5m_mtok') ?? input;
  return {
    input,
    output,
    cacheRead: rateOf(listed, 'cache_read_mtok') ?? input,
    cacheWrite,
    cacheWriteHour: rateOf(listed, 'cache_write_1h_mtok') ?? cacheWrite,
    reasoning: rateOf(listed, 'output_reasoning_mtok') ?? output,
    request: NO_MONEY,
  };
}

function rateOf(listed: Listed, key: string): Rate | undefined {
  const price = listed[key];
  if (price === undefined) return undefined;
  if (typeof price === 'number') return rate(price);
  return rate(price.base, price.tiers);
}
