import type { Call } from '../core/call.ts';
import type { Decision } from '../core/decision.ts';
import { decide } from './decide.ts';
import type { PolicySet } from './policy-set.ts';

/**
 * The decision on a call. One that carries others (a batch) is permitted only where it and each of them are, and then
 * within the limits of all of them; the first refusal decides.
 */
export function decideCall(set: PolicySet, { access, parts }: Pick<Call, 'access' | 'parts'>): Decision {
  const whole = decide(set, access);
  if (!parts || whole.effect !== 'permit') return whole;
  const rules = new Set(whole.rules);
  const quotas = new Set(whole.quotas);
  let { shadow } = whole;
  for (const part of parts) {
    const decision = decide(set, part);
    if (decision.effect !== 'permit') return { ...decision, reason: `the batch is refused, since ${decision.reason}` };
    for (const rule of decision.rules) rules.add(rule);
    for (const quota of decision.quotas) quotas.add(quota);
    shadow ??= decision.shadow;
  }
  return { ...whole, rules: [...rules], quotas: [...quotas], shadow };
}
