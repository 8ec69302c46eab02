// Part of the composition root: what calls may cost, and what they have cost.
import type { Config } from '../config/load.ts';
import type { Call } from '../core/call.ts';
import { callPrice } from '../metering/call-price.ts';
import { unanswered } from '../metering/metered.ts';
import { outputReserve } from '../metering/output-reserve.ts';
import type { ModelPrice } from '../metering/price.ts';
import { dearestQuote } from '../metering/quote.ts';
import type { Stages } from '../stages.ts';
import type { Parts } from './parts.ts';
import { pricesOf } from './upstreams.ts';

export interface Charging extends Pick<Stages, 'quote' | 'unanswered'> {
  readonly priceOf: (call: Call) => ModelPrice | undefined;
  /** Learns from the ends of calls how much their models write. */
  readonly learning: ReturnType<typeof outputReserve>['learning'];
}

export function charging(config: Config, { clock, telemetry, learned }: Parts): Charging {
  const prices = pricesOf(config);
  const learners = Object.keys(config.upstreams).filter((name) => config.upstreams[name]?.reserve === 'p99');
  const output = outputReserve({ upstreams: new Set(learners), learned });
  const priceOf = (call: Call) => callPrice(prices, call, clock.now());
  const onCeiling = (): void =>
    telemetry.metrics.failModeTaken({ dependency: 'price', mode: 'ceiling', cause: 'unknown' });
  const quotedPriceOf = prices.ceiling ? counted(priceOf, { price: prices.ceiling, onPrice: onCeiling }) : priceOf;
  return {
    priceOf,
    learning: output.learning,
    quote: (call) => dearestQuote(output.expected(call), quotedPriceOf),
    unanswered: (call, error) => unanswered(call, error, priceOf(call)),
  };
}

/** Tells of each call that is quoted at one price. */
function counted(
  priceOf: Charging['priceOf'],
  { price, onPrice }: { readonly price: ModelPrice; readonly onPrice: () => void },
): Charging['priceOf'] {
  return (call) => {
    const found = priceOf(call);
    if (found === price) onPrice();
    return found;
  };
}
