import type { Action } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { microUsd, NO_MONEY } from '../core/money.ts';
import type { Charge } from '../core/usage.ts';
import { type ModelPrice, rateAt, type TokenClass } from './price.ts';

export const NO_CHARGE: Charge = { tokens: 0, money: NO_MONEY };

/** Whether an action uses tokens of a model. */
export function isMetered(action: Action): boolean {
  return action === 'model.generate' || action === 'model.embed';
}

/** Whether an action has a price. */
export function isPriced(action: Action): boolean {
  return isMetered(action) || action === 'http.request';
}

/**
 * The most that a call may cost by its estimate: all input at the dearest input price, all output at the dearest output
 * price. Throws `price.unknown`.
 */
export function quote(call: Call, price: ModelPrice | undefined): Charge {
  const { action, resource } = call.access;
  if (!isPriced(action)) return NO_CHARGE;
  if (!price) {
    throw new GatewayError(
      'price.unknown',
      `no price is known for the model \`${resource.name}\` of the upstream \`${resource.upstream}\`, so it cannot be ` +
        `paid for; the operator can set \`prices\` for it at the upstream, or \`ceiling\` for all unknown models`,
    );
  }
  const { inputTokens, outputTokens } = call.estimate;
  const dearest = (...classes: TokenClass[]): number =>
    Math.max(...classes.map((name) => rateAt(price[name], inputTokens)));
  const units =
    inputTokens * dearest('input', 'cacheRead', 'cacheWrite', 'cacheWriteHour') +
    outputTokens * dearest('output', 'reasoning');
  return { tokens: inputTokens + outputTokens, money: microUsd(units / 1_000_000 + price.request) };
}
