import { type Action, MODEL_USES } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { microUsd, NO_MONEY } from '../core/money.ts';
import type { Charge } from '../core/usage.ts';
import { type ModelPrice, rateAt, type TokenClass } from './price.ts';

export const NO_CHARGE: Charge = { tokens: 0, money: NO_MONEY };

/** Whether an action uses a model, and so has a price. */
export function isMetered(action: Action): boolean {
  return MODEL_USES.has(action);
}

/**
 * The most that a call may cost by its estimate: all input at the dearest input price, all output at the dearest output
 * price. Throws `price.unknown`.
 */
export function quote(call: Call, price: ModelPrice | undefined): Charge {
  if (!isMetered(call.access.action)) return NO_CHARGE;
  if (!price) throw unknownPrice(call);
  const { inputTokens, outputTokens, units: count = 1 } = call.estimate;
  const dearest = (...classes: TokenClass[]): number =>
    Math.max(...classes.map((name) => rateAt(price[name], inputTokens)));
  const units =
    inputTokens * dearest('input', 'cacheRead', 'cacheWrite', 'cacheWriteHour') +
    outputTokens * dearest('output', 'reasoning');
  const flat = (price.request ?? 0) * count;
  return { tokens: inputTokens + outputTokens, money: microUsd(units / 1_000_000 + flat) };
}

function unknownPrice({ access: { action, resource } }: Call): GatewayError {
  const { kind, name, upstream } = resource;
  const [what, remedy] =
    action === 'model.generate' || action === 'model.embed' || (action === 'model.batch' && kind === 'model')
      ? [`the model \`${name}\``, `set \`prices\` for it at the upstream, or \`ceiling\` for all unknown models`]
      : [`\`${action}\` with \`${name}\``, `state one as \`prices: { ${name}: { request: … } }\` at the upstream`];
  return new GatewayError(
    'price.unknown',
    `no price is known for ${what} of the upstream \`${upstream}\`, so it cannot be paid for; the operator can ${remedy}`,
  );
}
