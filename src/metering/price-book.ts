// What a model costs at an upstream: the config's word first, then the catalogue's, then the ceiling for the rest.
// INVARIANT: a model that nobody priced has no price, and a call to it is refused; it is never taken for free.
import { modelPattern } from '../core/model-pattern.ts';
import { cataloguePrice, providerId } from './catalogue.ts';
import { configuredPrice, type ModelPrice, requestPrice } from './price.ts';
import type { PriceConfig, PricesConfig } from './schema.ts';

export interface PriceSource {
  /** By name of the upstream. */
  readonly upstreams: ReadonlyMap<string, UpstreamPrices>;
  readonly ceiling: PriceConfig | undefined;
}

export interface UpstreamPrices {
  readonly url: string;
  /** Provider in the catalogue, where the address does not tell. */
  readonly provider: string | undefined;
  readonly prices: PricesConfig;
  /** Of each request, where requests are what is paid for. */
  readonly request?: string | undefined;
}

export interface PriceBook {
  /** Undefined where no price is known. */
  price(upstream: string, model: string, atMs: number): ModelPrice | undefined;
}

/** The catalogue has prices by time of day, on half hours. */
const PERIOD_MS = 1_800_000;
const ENTRIES_MAX = 10_000;

interface Known {
  readonly period: number;
  readonly price: ModelPrice | undefined;
}

/** Compiles the overrides; prices are found at a model's first call and again in each half hour. */
export function priceBook(source: PriceSource): PriceBook {
  const ceiling = source.ceiling && configuredPrice(source.ceiling);
  const books = new Map([...source.upstreams].map(([name, prices]) => [name, byHalfHour(lookup(prices))]));
  return { price: (upstream, model, atMs) => books.get(upstream)?.(model, atMs) ?? ceiling };
}

type Lookup = (model: string, atMs: number) => ModelPrice | undefined;

function byHalfHour(find: Lookup): Lookup {
  const known = new Map<string, Known>();
  return (model, atMs) => {
    const period = Math.floor(atMs / PERIOD_MS);
    const entry = known.get(model);
    if (entry?.period === period) return entry.price;
    const price = find(model, atMs);
    // Names come from callers: forget all rather than grow without bound.
    if (known.size >= ENTRIES_MAX) known.clear();
    known.set(model, { period, price });
    return price;
  };
}

function lookup(source: UpstreamPrices): Lookup {
  if (source.request !== undefined) {
    const price = requestPrice(source.request);
    return () => price;
  }
  const provider = providerId(source);
  const exact = new Map<string, ModelPrice>();
  const patterns: { readonly test: RegExp; readonly price: ModelPrice }[] = [];
  for (const [name, config] of Object.entries(source.prices)) {
    const price = configuredPrice(config);
    if (name.includes('*')) patterns.push({ test: modelPattern(name), price });
    else exact.set(name, price);
  }
  return (model, atMs) =>
    exact.get(model) ??
    patterns.find(({ test }) => test.test(model))?.price ??
    (provider === undefined ? undefined : cataloguePrice(provider, model, atMs));
}
