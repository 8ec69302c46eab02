import type { Call, Judged } from '../core/call.ts';
import { decideCall } from './decide-call.ts';
import type { PolicySet } from './policy-set.ts';

const NONE: readonly Judged[] = Object.freeze([]);

/**
 * Decides on a call and on each of its fallbacks by itself. What stands is the first that is permitted, with those behind it
 * that are permitted too; where none is, the preferred one with its refusal.
 */
export function judge(set: PolicySet, call: Call): Judged {
  const preferred = { call, decision: decideCall(set, call), fallbacks: NONE };
  if (call.fallbacks.length === 0) return preferred;
  const others = call.fallbacks.map((other) => ({ call: other, decision: decideCall(set, other), fallbacks: NONE }));
  const [first = preferred, ...fallbacks] = [preferred, ...others].filter(
    ({ decision }) => decision.effect === 'permit',
  );
  return { ...first, fallbacks };
}
