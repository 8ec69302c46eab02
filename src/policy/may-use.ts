import type { AccessRequest } from '../core/access.ts';
import { Bindings } from './bindings.ts';
import type { Condition } from './expression.ts';
import type { PolicySet, Rule } from './policy-set.ts';

/**
 * Whether some call of this action on this resource could be permitted: for lists, which show what the caller may use. What
 * only the call itself will say (its arguments, whether it streams) is open, and so is what may become of its run (labels,
 * counters, age), since clients keep their lists: an `allow` may hold then, a `deny` may not.
 */
export function mayUse(set: PolicySet, request: AccessRequest): boolean {
  if (set.enforcement === 'observe') return true;
  const { value, standings } = set.callerOf(request.principal);
  const bindings = new Bindings(request, value);
  let isAllowed = false;
  for (const rule of set.rules.find(request.action, request.resource)) {
    const standing = standings[rule.policy.position];
    if (rule.policy.shadow || standing === 'out') continue;
    if (rule.effect === 'deny' && isCertain(rule, bindings)) return false;
    if (rule.effect === 'allow' && standing === 'in') isAllowed ||= isPossible(rule, bindings);
  }
  return isAllowed;
}

/** A failure denies, here as in a decision. */
function isCertain({ when }: Rule, bindings: Bindings): boolean {
  return !when || (!isOpen(when) && bindings.evaluate(when) !== false);
}

function isPossible({ when }: Rule, bindings: Bindings): boolean {
  return !when || isOpen(when) || bindings.evaluate(when) === true;
}

function isOpen({ readsCall, readsRun }: Condition): boolean {
  return readsCall || readsRun;
}
