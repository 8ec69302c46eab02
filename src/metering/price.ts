// What tokens cost. Whole numbers throughout: a sum of fractions would round differently from its parts.
import { type MicroUsd, microUsd, NO_MONEY, parseMoney } from '../core/money.ts';
import type { DetailedUsage } from '../protocols/protocol.ts';
import type { PriceConfig } from './schema.ts';

/** ModelPrice of one class of tokens, in millionths of a micro-USD per token: USD per million tokens, times a million. */
export interface Rate {
  readonly base: number;
  /** What every token costs once the whole input has more than `above` tokens; ascending. */
  readonly tiers: readonly { readonly above: number; readonly rate: number }[];
}

/** A class of tokens that has its own price. */
export type TokenClass = 'input' | 'cacheRead' | 'cacheWrite' | 'cacheWriteHour' | 'output' | 'reasoning';

/** What a call costs: each class of its tokens by itself, and the request as such. */
export interface ModelPrice extends Readonly<Record<TokenClass, Rate>> {
  readonly request: MicroUsd;
}

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
    request: NO_MONEY,
  };
}

/** The price of an upstream's requests as the config states it, e.g. `0.002 USD`. */
export function requestPrice(stated: string): ModelPrice {
  return { ...configuredPrice('free'), request: stated === 'free' ? NO_MONEY : (parseMoney(stated) ?? NO_MONEY) };
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
    reasoning * rateAt(price.reasoning, whole);
  return microUsd(units / UNITS + price.request);
}
