import { type Action, MODEL_USES } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { microUsd, NO_MONEY } from '../core/money.ts';
import type { Charge } from '../core/usage.ts';
import { type ModelPrice, type Rate, rateAt } from './price.ts';

export const NO_CHARGE: Charge = { tokens: 0, money: NO_MONEY };

/** Whether an action uses a model, and so has a price. */
export function isMetered(action: Action): boolean {
  return MODEL_USES.has(action);
}

/** Whether an action has a price. */
export function isPriced(action: Action): boolean {
  return isMetered(action) || action === 'http.request';
}

/**
 * The most that a call may cost by its estimate: all text at the dearest price of text, sound and pictures at the dearest of
 * theirs, all output at the dearest output price. Throws `price.unknown`.
 */
export function quote(call: Call, price: ModelPrice | undefined): Charge {
  if (!isPriced(call.access.action)) return NO_CHARGE;
  if (!price) throw unknownPrice(call);
  const { inputTokens, outputTokens, mediaTokens = 0, units: count = 1 } = call.estimate;
  const text = dearest(TEXT_INPUT, price, inputTokens);
  const other = Math.max(text, dearest(MEDIA_INPUT, price.media, inputTokens));
  const written = Math.max(dearest(TEXT_OUTPUT, price, inputTokens), dearest(MEDIA_OUTPUT, price.media, inputTokens));
  const units = (inputTokens - mediaTokens) * text + mediaTokens * other + outputTokens * written;
  const flat = (price.request ?? 0) * count;
  return { tokens: inputTokens + outputTokens, money: microUsd(units / 1_000_000 + flat) };
}

const TEXT_INPUT = ['input', 'cacheRead', 'cacheWrite', 'cacheWriteHour'] as const;
const TEXT_OUTPUT = ['output', 'reasoning'] as const;
const MEDIA_INPUT = ['audioInput', 'imageInput', 'videoInput', 'audioCacheRead'] as const;
const MEDIA_OUTPUT = ['audioOutput', 'imageOutput'] as const;

/** The dearest of some classes of tokens, at that much input; 0 where none has a price. */
function dearest<Class extends string>(
  classes: readonly Class[],
  prices: Readonly<Partial<Record<Class, Rate>>> | undefined,
  inputTokens: number,
): number {
  let most = 0;
  if (!prices) return most;
  for (const name of classes) {
    const rate = prices[name];
    if (rate) most = Math.max(most, rateAt(rate, inputTokens));
  }
  return most;
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

/** The most that a call may cost, whichever of its candidates answers it. Throws `price.unknown` where one has no price. */
export function dearestQuote(call: Call, priceOf: (call: Call) => ModelPrice | undefined): Charge {
  return call.fallbacks.reduce(
    (dearest, other) => dearer(dearest, quote(other, priceOf(other))),
    quote(call, priceOf(call)),
  );
}

function dearer(one: Charge, other: Charge): Charge {
  return {
    tokens: Math.max(one.tokens, other.tokens),
    money: one.money > other.money ? one.money : other.money,
  };
}
