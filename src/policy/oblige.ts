import type { Judged, PermittedCall } from '../core/call.ts';
import type { Obligation } from '../core/decision.ts';
import { type ErrorCode, GatewayError } from '../core/errors.ts';

const CODES = { deny: 'policy.denied', hold: 'policy.hold' } as const satisfies Record<string, ErrorCode>;
const NONE: readonly PermittedCall[] = Object.freeze([]);

/**
 * The only maker of permitted calls: forwarding takes nothing else, so that nothing is forwarded without a permit. Throws
 * `policy.denied` or `policy.hold` for a refusal, `policy.obligation` where a permit stands on what nobody here can do.
 */
export function oblige({ call, decision, fallbacks }: Judged): PermittedCall {
  if (decision.effect !== 'permit')
    throw new GatewayError(CODES[decision.effect], decision.reason, { rule: decision.rules[0] as string });
  for (const obligation of decision.obligations) requireKnown(obligation);
  return { ...call, decision, fallbacks: fallbacks.length === 0 ? NONE : fallbacks.map(oblige) } as PermittedCall;
}

function requireKnown(obligation: Obligation): void {
  const { kind } = obligation;
  switch (kind) {
    case 'narrow':
    case 'label':
    case 'alert':
    case 'journal':
      return;
    default:
      kind satisfies never;
      throw new GatewayError('policy.obligation', `this gateway cannot \`${String(kind)}\`, which the permit requires`);
  }
}
