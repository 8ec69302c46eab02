// Money that is set aside for a run and for all below it that have none of their own, as a token says it (core/rights.ts).
import type { RunId } from '../core/ids.ts';
import type { Quota } from '../core/quota.ts';
import type { Delegation } from '../core/rights.ts';
import { escapedName } from '../core/store-keys.ts';
import type { Claim } from './store.ts';

export type Allotment = NonNullable<Delegation['budget']>;

/** What clients and the audit are told of as the limit. */
export const ALLOTMENT = 'token/budget';

const quotas = new WeakMap<Allotment, Quota>();

/** An allotment as a limit, for what is told of it; the same object for the same token. */
export function allotmentQuota(allotment: Allotment): Quota {
  const known = quotas.get(allotment);
  if (known) return known;
  const { amount } = allotment;
  const made: Quota = {
    id: ALLOTMENT,
    kind: 'budget',
    unit: 'money',
    amount,
    window: { kind: 'life' },
    per: ['run'],
    enforced: true,
  };
  quotas.set(allotment, made);
  return made;
}

/** A claim on an allotment: of a call, of a part that is carved out of it, or of nothing, to see where it stands. */
export function allotmentClaim({ run, amount }: Allotment, ask: number): Claim {
  return {
    key: allotmentKey(run),
    unit: 'money',
    ask,
    limit: amount,
    window: { kind: 'life' },
    enforced: true,
    mode: 'hold',
  };
}

/** Names the counter of the money that is set aside for a run. */
export function allotmentKey(run: RunId): string {
  return `${ALLOTMENT}:money:run=${escapedName(run)}`;
}
