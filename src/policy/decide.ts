/**
 * May it? All policies that apply, together: deny before hold before allow, and no where nothing allows.
 * INVARIANT: what cannot be evaluated counts against the caller.
 * INVARIANT: a policy in shadow mode, and each while the gateway observes, changes nothing but `shadow`.
 * INVARIANT: the order of files and of rules changes nothing.
 */
import type { AccessRequest, Action } from '../core/access.ts';
import type { Decision, Obligation, ShadowDecision } from '../core/decision.ts';
import type { Quota } from '../core/quota.ts';
import type { Caller, PolicySet } from './policy-set.ts';
import { defaultReason, refusalReason } from './reason.ts';
import { type Hit, weigh } from './weigh.ts';

/** Stands for the deciding rule where none allowed. */
export const DEFAULT_DENY = 'default-deny';
/** Stands for the deciding rule where a refusal was only recorded. */
export const OBSERVED = 'observe';

const LISTING: ReadonlySet<Action> = new Set(['model.list', 'tool.list']);
const NARROW: readonly Obligation[] = Object.freeze([{ kind: 'narrow' }]);
const NONE: readonly Obligation[] = Object.freeze([]);

export function decide(set: PolicySet, request: AccessRequest): Decision {
  const { caller, enforced, shadow, facts } = weigh(set, request);
  const { revision, enforcement } = set;
  const refused = refusal(enforced, request);
  const shadowed = refusalBy('deny', shadow, request) ?? refusalBy('hold', shadow, request);
  if (refused && enforcement === 'enforce') return { ...refused, revision, facts, shadow: shadowed };
  return {
    effect: 'permit',
    rules: refused ? [OBSERVED] : idsOf(hitsOf('allow', enforced)),
    revision,
    facts,
    shadow: refused ?? shadowed,
    obligations: LISTING.has(request.action) ? NARROW : NONE,
    quotas: quotasOf(set, request, caller),
  };
}

/** What the hits refuse, or undefined where they permit. */
function refusal(hits: readonly Hit[], request: AccessRequest): ShadowDecision | undefined {
  const denied = refusalBy('deny', hits, request);
  if (denied) return denied;
  // A hold suspends what some rule allows; alone it is not even that.
  if (hitsOf('allow', hits).length > 0) return refusalBy('hold', hits, request);
  return { effect: 'deny', rules: [DEFAULT_DENY], reason: defaultReason(hitsOf('none', hits), request) };
}

function refusalBy(effect: 'deny' | 'hold', hits: readonly Hit[], request: AccessRequest): ShadowDecision | undefined {
  const refusing = hitsOf(effect, hits);
  const [first] = refusing;
  return first && { effect, rules: idsOf(refusing), reason: refusalReason(first, request) };
}

function hitsOf(effect: Hit['effect'], hits: readonly Hit[]): readonly Hit[] {
  return hits.filter((hit) => hit.effect === effect);
}

function idsOf(hits: readonly Hit[]): string[] {
  return hits.map(({ rule }) => rule.id);
}

/** The limits of the policies that apply, and of those whose `applies` failed. */
function quotasOf({ limits }: PolicySet, { action, resource }: AccessRequest, { standings }: Caller): Quota[] {
  const quotas: Quota[] = [];
  for (const { quota, policy } of limits.find(action, resource))
    if (standings[policy.position] !== 'out') quotas.push(quota);
  return quotas;
}
