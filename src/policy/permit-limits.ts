// What binds a permitted call: the limits of the policies that apply, and of those whose `applies` failed.
import type { AccessRequest } from '../core/access.ts';
import type { TreeBound } from '../core/decision.ts';
import type { Principal } from '../core/principal.ts';
import type { Quota } from '../core/quota.ts';
import type { Caller, PolicyHead, PolicySet } from './policy-set.ts';

export function quotasOf({ limits }: PolicySet, { action, resource }: AccessRequest, caller: Caller): Quota[] {
  const quotas: Quota[] = [];
  for (const { quota, policy } of limits.find(action, resource)) if (binds(policy, caller)) quotas.push(quota);
  return quotas;
}

/** Every limit that may bind a caller, whatever it calls. */
export function quotasFor(set: PolicySet, principal: Principal): Quota[] {
  const caller = set.callerOf(principal);
  return set.policies.flatMap(({ limits, ...head }) => (binds(head, caller) ? limits.map(({ quota }) => quota) : []));
}

export function boundsOf({ bounds }: PolicySet, { action, resource }: AccessRequest, caller: Caller): TreeBound[] {
  const found: TreeBound[] = [];
  for (const { bound, policy } of bounds.find(action, resource)) if (binds(policy, caller)) found.push(bound);
  return found;
}

/** The patterns that the call adds one to, whoever reads what they come to. */
export function countedOf({ counted }: PolicySet, { action, resource }: AccessRequest): string[] {
  return Array.from(counted.find(action, resource), ({ source }) => source);
}

function binds({ position }: PolicyHead, { standings }: Caller): boolean {
  return standings[position] !== 'out';
}
