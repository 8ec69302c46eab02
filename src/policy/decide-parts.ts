import type { AccessRequest } from '../core/access.ts';
import type { Decision } from '../core/decision.ts';
import { decide } from './decide.ts';
import type { PolicySet } from './policy-set.ts';

/**
 * The decision on a request that carries others: a permit only where it and each of them are permitted, and then within the
 * limits of all of them. The first refusal decides.
 */
export function decideParts(set: PolicySet, request: AccessRequest, parts: readonly AccessRequest[]): Decision {
  const whole = decide(set, request);
  if (whole.effect !== 'permit') return whole;
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
