// What tokens cost. Whole numbers throughout: a sum of fractions would round differently from its parts.
import { type MicroUsd, microUsd, NO_MONEY, parseMoney } from '../core/money.ts';
import type { DetailedUsage, MediaUsage } from '../protocols/protocol.ts';
import type { PriceConfig } from './schema.ts';

/** Price of one class of tokens, in millionths of a micro-USD per token: USD per million tokens, times a million. */
export interface Rate {
  readonly base: number;
  /** What every token costs once the whole input has more than `above` tokens; ascending. */
  readonly tiers: readonly { readonly above: number; readonly rate: number }[];
}

export type TokenClass = 'input' | 'cacheRead' | 'cacheWrite' | 'cacheWriteHour' | 'output' | 'reasoning';

/** Price of a model, each class of tokens by itself. */
export interface ModelPrice extends Readonly<Record<TokenClass, Rate>> {
  /** Of one request (of one image, where images are made); absent where tokens alone are paid. */
  readonly request?: MicroUsd;
  /** Of sound and pictures, where they cost something else than text. */
  readonly media?: MediaPrice;
}

/** Prices of sound and pictures; what is absent costs what text does. */
export type MediaPrice = Readonly<Partial<Record<keyof MediaUsage, Rate>>>;

const UNITS = 1_000_000;

/** A rate from USD per million tokens. */
export function rate(perMillion: number, tiers: readonly { start: number; price: number }[] = []): Rate {
  return {
    base: Math.round(perMillion * UNITS),
    tiers: tiers.map(({ start, price }) => ({ above: start, rate: Math.round(price * UNITS) })),
  };
}

/** A price as the config states it. */
export function configuredPrice(config: PriceConfig | 'free'): ModelPrice {
  const { input, output, cacheRead, cacheWrite } = config === 'free' ? { input: 0, output: 0 } : config;
  const write = rate(cacheWrite ?? input);
  return {
    input: rate(input),
    cacheRead: rate(cacheRead ?? input),
    cacheWrite: write,
    cacheWriteHour: write,
    output: rate(output),
    reasoning: rate(output),
  };
}

/** A price that a request has whatever it uses, from USD. */
export function requestPrice(usd: number): ModelPrice {
  // A product of fractions may come out a hair above its whole number, which must not be rounded up.
  return { ...configuredPrice('free'), request: microUsd(Number((usd * UNITS).toFixed(3))) };
}

/** The price of an API's requests as the config states it, e.g. `0.002 USD`. */
export function statedPrice(text: string): ModelPrice {
  return { ...configuredPrice('free'), request: text === 'free' ? NO_MONEY : (parseMoney(text) ?? NO_MONEY) };
}

/** The rate in force for a request with that much input. */
export function rateAt({ base, tiers }: Rate, inputTokens: number): number {
  let current = base;
  for (const tier of tiers) if (inputTokens > tier.above) current = tier.rate;
  return current;
}

/** What usage costs, rounded up. */
export function cost(price: ModelPrice, usage: DetailedUsage): MicroUsd {
  const { input, cacheRead, cacheWrite, cacheWriteHour, output, reasoning } = usage;
  const whole = input + cacheRead + cacheWrite;
  const units =
    input * rateAt(price.input, whole) +
    cacheRead * rateAt(price.cacheRead, whole) +
    (cacheWrite - cacheWriteHour) * rateAt(price.cacheWrite, whole) +
    cacheWriteHour * rateAt(price.cacheWriteHour, whole) +
    (output - reasoning) * rateAt(price.output, whole) +
    reasoning * rateAt(price.reasoning, whole) +
    (price.media && usage.media ? surcharge(price, usage.media, { rates: price.media, whole }) : 0);
  return microUsd(units / UNITS);
}

/** The class that each kind of sound and pictures is counted with. */
const COUNTED_WITH = {
  audioInput: 'input',
  imageInput: 'input',
  videoInput: 'input',
  audioCacheRead: 'cacheRead',
  audioOutput: 'output',
  imageOutput: 'output',
} as const satisfies Record<keyof MediaUsage, keyof ModelPrice>;
const MEDIA = Object.keys(COUNTED_WITH) as readonly (keyof MediaUsage)[];

/** What sound and pictures cost beyond the text that they are counted with. */
function surcharge(
  price: ModelPrice,
  media: MediaUsage,
  { rates, whole }: { readonly rates: MediaPrice; readonly whole: number },
): number {
  let units = 0;
  for (const kind of MEDIA) {
    const own = rates[kind];
    if (own) units += media[kind] * (rateAt(own, whole) - rateAt(price[COUNTED_WITH[kind]], whole));
  }
  return units;
}
