/**
 * What the bearer of a token made by Waygate may do: within the rights of the token, where each agent above it might do the
 * same, and as the policies say of the bearer itself.
 * INVARIANT: a delegation only takes away; for a principal without one everything here is `decide` and `mayUse`.
 */
import type { AccessRequest } from '../core/access.ts';
import type { Decision, Permit, Refusal } from '../core/decision.ts';
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
  const own = decide(set, request);
  if (!delegation.above || own.effect === 'deny') return own;
  const permits: Permit[] = [];
  for (const one of delegation.above) {
    const decision = decide(set, { ...request, principal: one });
    const permit = permitOf(decision, own);
    if (!permit) return refusedAbove(decision as Refusal, one);
    permits.push(permit);
  }
  return whereAllStand(own, permits);
}

/** What stands for an agent above: its permit, also the one behind a hold whose every rule holds the bearer's own call too. */
function permitOf(decision: Decision, own: Decision): Permit | undefined {
  if (decision.effect === 'permit') return decision;
  const isAsked = own.effect === 'hold' && decision.rules.every((rule) => own.rules.includes(rule));
  return isAsked ? decision.held?.permit : undefined;
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

function refusedAbove({ rules, revision, reason, effect, facts, shadow }: Refusal, { agent }: Principal): Refusal {
  const why =
    effect === 'hold'
      ? `a person would have to approve it for the agent \`${agent}\`, which this run acts below, and nobody is asked for another`
      : `the agent \`${agent}\`, which this run acts below, may not do it either`;
  return { effect: 'deny', rules, revision, reason: `${why}: ${reason}`, facts, shadow };
}

/** What counters the other permits stand on, this one does too. */
function whereAllStand(own: Decision, others: readonly Permit[]): Decision {
  if (others.every(({ counts }) => counts.length === 0)) return own;
  const standing = (permit: Permit): Permit => {
    const ranges = new Map<string, CountRange>();
    for (const { counts } of [permit, ...others]) for (const range of counts) narrowRange(ranges, range);
    return { ...permit, counts: [...ranges.values()] };
  };
  if (own.effect === 'permit') return standing(own);
  // What was denied came no further, and a hold always says what it takes.
  const held = own.held as NonNullable<Refusal['held']>;
  return { ...own, held: { ...held, permit: standing(held.permit) } };
}
