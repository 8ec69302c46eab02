import type { Call } from '../core/call.ts';
import type { Decision, Permit, Refusal } from '../core/decision.ts';
import type { CountRange } from '../core/run.ts';
import { mergeTerms } from './compile-approval.ts';
import { narrowRange } from './counters.ts';
import { onceJournaled } from './decide.ts';
import { decideFor } from './delegated.ts';
import type { PolicySet } from './policy-set.ts';
import { rolelessReason } from './reason.ts';

type Held = Refusal & Required<Pick<Refusal, 'held'>>;

/**
 * The decision on a call. One that carries others (a batch) is permitted only where it and each of them are, and then
 * within the limits of all of them, on the obligations of all of them. The first denial decides; where none is and some are
 * held, the whole is held, for all that they ask for together.
 */
export function decideCall(set: PolicySet, { access, parts }: Pick<Call, 'access' | 'parts'>): Decision {
  const whole = decideFor(set, access);
  if (!parts || whole.effect === 'deny') return whole;
  const decisions = [whole, ...parts.map((part) => decideFor(set, part))];
  const denied = decisions.find((decision): decision is Refusal => decision.effect === 'deny');
  if (denied) return { ...denied, reason: `the batch is refused, since ${denied.reason}` };
  const permits = decisions.map((decision) =>
    decision.effect === 'permit' ? decision : (decision as Held).held.permit,
  );
  const permit = joined(permits, whole);
  const holds = decisions.filter((decision): decision is Held => decision.effect === 'hold');
  const [first] = holds;
  if (!first) return permit;
  const terms = mergeTerms(holds.map(({ held }) => held.terms));
  const told = { ...first, rules: terms.rules, shadow: permit.shadow };
  if (terms.roles.length > 0)
    return { ...told, reason: `the batch is held, since ${first.reason}`, held: { terms, permit } };
  const { held: _, ...refused } = told;
  return { ...refused, effect: 'deny', reason: `the batch is refused, since ${rolelessReason(terms.rules, access)}` };
}

/** One permit that stands only where each of several does. */
function joined(permits: readonly Permit[], { facts }: Decision): Permit {
  const [first] = permits as readonly [Permit, ...Permit[]];
  const all = <T>(of: (permit: Permit) => readonly T[]): T[] => [...new Set(permits.flatMap(of))];
  const counts = new Map<string, CountRange>();
  for (const range of permits.flatMap((permit) => permit.counts)) narrowRange(counts, range);
  return {
    ...first,
    facts,
    rules: all(({ rules }) => rules),
    shadow: permits.find(({ shadow }) => shadow !== undefined)?.shadow,
    obligations: onceJournaled(all(({ obligations }) => obligations)),
    quotas: all(({ quotas }) => quotas),
    bounds: all(({ bounds }) => bounds),
    counts: [...counts.values()],
    counted: all(({ counted }) => counted),
  };
}
