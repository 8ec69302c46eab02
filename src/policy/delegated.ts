/**
 * What the bearer of a token made by Waygate may do: within the rights of the token, where each agent above it might do the
 * same, and as the policies say of the bearer itself.
 * INVARIANT: a delegation only takes away; for a principal without one everything here is `decide` and `mayUse`.
 */
import type { AccessRequest } from '../core/access.ts';
import type { Decision, Refusal } from '../core/decision.ts';
import type { Principal } from '../core/principal.ts';
import { mayCover, outsideRights, TOKEN_RIGHTS } from '../core/rights-cover.ts';
import type { CountRange } from '../core/run.ts';
import { narrowRange } from './counters.ts';
import { decide } from './decide.ts';
import { mayUse } from './may-use.ts';
import type { PolicySet } from './policy-set.ts';

/** The decision on one request, of whoever makes it. */
export function decideFor(set: PolicySet, request: AccessRequest): Decision {
  const { delegation } = request.principal;
  if (!delegation) return decide(set, request);
  const outside = outsideRights(request);
  if (outside !== undefined) return outsideOf(set, outside);
  const others: Decision[] = [];
  for (const one of delegation.above ?? []) {
    const decision = decide(set, { ...request, principal: one });
    if (decision.effect !== 'permit') return refusedAbove(decision, one);
    others.push(decision);
  }
  return others.length === 0 ? decide(set, request) : whereAllStand(decide(set, request), others);
}

/** Whether some call of this action on this resource could be permitted, of whoever makes it: for lists. */
export function mayUseFor(set: PolicySet, request: AccessRequest): boolean {
  const { delegation } = request.principal;
  if (!delegation) return mayUse(set, request);
  const { rights, above = [] } = delegation;
  if (rights && !mayCover(rights, request)) return false;
  return mayUse(set, request) && above.every((one) => mayUse(set, { ...request, principal: one }));
}

/** A token's rights hold whatever policies say, also where those only observe. */
function outsideOf({ revision }: PolicySet, reason: string): Refusal {
  return { effect: 'deny', rules: [TOKEN_RIGHTS], revision, reason, facts: {}, shadow: undefined };
}

/** Nobody approves for an agent that is not the one who calls. */
function refusedAbove({ rules, revision, reason, effect, facts, shadow }: Refusal, { agent }: Principal): Refusal {
  const why =
    effect === 'hold'
      ? `it would need an approval of the agent \`${agent}\`, which this run acts below`
      : `the agent \`${agent}\`, which this run acts below, may not do it either`;
  return { effect: 'deny', rules, revision, reason: `${why}: ${reason}`, facts, shadow };
}

/** What counters the other decisions stand on, this one does too. */
function whereAllStand(own: Decision, others: readonly Decision[]): Decision {
  if (own.effect === 'deny') return own;
  const ranges = new Map<string, CountRange>();
  for (const decision of [own.effect === 'permit' ? own : own.held?.permit, ...others])
    if (decision?.effect === 'permit') for (const range of decision.counts) narrowRange(ranges, range);
  const counts = [...ranges.values()];
  if (own.effect === 'permit') return { ...own, counts };
  return own.held ? { ...own, held: { ...own.held, permit: { ...own.held.permit, counts } } } : own;
}
