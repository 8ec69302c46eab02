// What a model costs at an upstream: the config's word first, then the catalogue's, then the ceiling for the rest.
// INVARIANT: a model that nobody priced has no price, and a call to it is refused; it is never taken for free.
import { modelPattern } from '../core/model-pattern.ts';
import { catalogueEmbeddingPrice, catalogueMediaPrice, cataloguePrice, providerId } from './catalogue.ts';
import { configuredPrice, type ModelPrice, requestPrice, statedPrice } from './price.ts';
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
  /** Of each request of an API that is paid by the request, as the config states it. */
  readonly request?: string | undefined;
}

/** Each undefined where no price is known. */
export interface PriceBook {
  /** Of text that a model reads and writes. */
  price(upstream: string, model: string, atMs: number): ModelPrice | undefined;
  embedding(upstream: string, model: string, atMs: number): ModelPrice | undefined;
  /** Of images and sound in tokens. A pattern was written for text, and a ceiling too: neither prices them. */
  media(upstream: string, model: string, atMs: number): ModelPrice | undefined;
  /** Of a request, whatever it uses. */
  request(upstream: string, model: string): ModelPrice | undefined;
  /** The same, by its exact name alone. */
  named(upstream: string, name: string): ModelPrice | undefined;
  /** The price of models that nobody priced, where there is one. */
  readonly ceiling: ModelPrice | undefined;
  /** Of any request to an API that is paid by the request. */
  fee(upstream: string): ModelPrice | undefined;
}

/** The catalogue has prices by time of day, on half hours. */
const PERIOD_MS = 1_800_000;
const ENTRIES_MAX = 10_000;

interface Known {
  readonly period: number;
  readonly price: ModelPrice | undefined;
}

type Lookup = (model: string, atMs: number) => ModelPrice | undefined;
type Uses = Readonly<Record<'text' | 'embedding' | 'media', Lookup>> & {
  readonly request: Stated['find'];
  readonly named: Stated['exact'];
};

/** Compiles the overrides; prices are found at a model's first call and again in each half hour. */
export function priceBook(source: PriceSource): PriceBook {
  const ceiling = source.ceiling && configuredPrice(source.ceiling);
  const books = new Map([...source.upstreams].map(([name, prices]) => [name, usesOf(prices)]));
  const fees = new Map(
    [...source.upstreams].flatMap(([name, { request }]) =>
      request === undefined ? [] : [[name, statedPrice(request)]],
    ),
  );
  return {
    price: (upstream, model, atMs) => books.get(upstream)?.text(model, atMs) ?? ceiling,
    embedding: (upstream, model, atMs) => books.get(upstream)?.embedding(model, atMs) ?? ceiling,
    media: (upstream, model, atMs) => books.get(upstream)?.media(model, atMs),
    request: (upstream, model) => books.get(upstream)?.request(model),
    ceiling,
    fee: (upstream) => fees.get(upstream),
    named: (upstream, name) => books.get(upstream)?.named(name),
  };
}

function usesOf(source: UpstreamPrices): Uses {
  const { prices } = source;
  const provider = providerId(source);
  const tokens = stated(prices, (config) => {
    if (config === 'free' || 'input' in config) return configuredPrice(config);
    return undefined;
  });
  const requests = stated(prices, (config) => {
    const usd = config === 'free' ? 0 : config.request;
    return usd === undefined ? undefined : requestPrice(usd);
  });
  const priced = (own: Stated['find'], listed: typeof cataloguePrice): Lookup =>
    byHalfHour((model, atMs) => own(model) ?? (provider === undefined ? undefined : listed(provider, model, atMs)));
  return {
    text: priced(tokens.find, cataloguePrice),
    embedding: priced(tokens.find, catalogueEmbeddingPrice),
    media: priced(tokens.exact, catalogueMediaPrice),
    request: requests.find,
    named: requests.exact,
  };
}

interface Stated {
  /** By its exact name, else by the first pattern that fits. */
  readonly find: (model: string) => ModelPrice | undefined;
  readonly exact: (model: string) => ModelPrice | undefined;
}

function stated(prices: PricesConfig, read: (config: PricesConfig[string]) => ModelPrice | undefined): Stated {
  const exact = new Map<string, ModelPrice>();
  const patterns: { readonly test: RegExp; readonly price: ModelPrice }[] = [];
  for (const [name, config] of Object.entries(prices)) {
    const price = read(config);
    if (!price) continue;
    if (name.includes('*')) patterns.push({ test: modelPattern(name), price });
    else exact.set(name, price);
  }
  return {
    find: (model) => exact.get(model) ?? patterns.find(({ test }) => test.test(model))?.price,
    exact: (model) => exact.get(model),
  };
}

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
