import type { AccessRequest } from '../core/access.ts';
import type { CountRange } from '../core/run.ts';
import { Bindings } from './bindings.ts';
import { narrowRange, rangeOf } from './counters.ts';
import type { Caller, Effect, PolicySet, Rule, Standing } from './policy-set.ts';

/** A rule that has something to say on a request. */
export interface Hit {
  readonly rule: Rule;
  /** What it says; `none` for an `allow` that failed. */
  readonly effect: Effect | 'none';
  /** Why its condition could not be evaluated. */
  readonly failure: string | undefined;
}

/** Everything that the rules say on a request, with what they read of it. */
export interface Weighed {
  readonly caller: Caller;
  readonly enforced: readonly Hit[];
  /** What policies in shadow mode say. */
  readonly shadow: readonly Hit[];
  readonly facts: Bindings['facts'];
  /** Ranges of the tree's counters in which all that is enforced says the same. */
  readonly counts: readonly CountRange[];
}

const NO_COUNTS: readonly CountRange[] = Object.freeze([]);

/** Asks every rule that could match. None is left out once the effect is clear: the record names all that decided. */
export function weigh(set: PolicySet, request: AccessRequest): Weighed {
  const caller = set.callerOf(request.principal);
  const bindings = new Bindings(request, caller.value);
  const enforced: Hit[] = [];
  const shadow: Hit[] = [];
  let ranges: Map<string, CountRange> | undefined;
  for (const rule of set.rules.find(request.action, request.resource)) {
    const standing = caller.standings[rule.policy.position] as Standing;
    const hit = askRule(rule, standing, bindings);
    if (hit) (rule.policy.shadow ? shadow : enforced).push(hit);
    if (!rule.when || rule.when.counters.length === 0 || rule.policy.shadow || standing === 'out') continue;
    ranges ??= new Map();
    for (const counter of rule.when.counters)
      narrowRange(ranges, rangeOf(counter, request.run.tree.counts.get(counter.name) ?? 0));
  }
  return { caller, enforced, shadow, facts: bindings.facts, counts: ranges ? [...ranges.values()] : NO_COUNTS };
}

/** What one rule says, its actions and resources given; undefined for nothing. A failure counts against the caller. */
export function askRule(rule: Rule, standing: Standing, bindings: Bindings): Hit | undefined {
  if (standing === 'out') return undefined;
  const isAllow = rule.effect === 'allow';
  if (standing === 'failed' && isAllow) return { rule, effect: 'none', failure: APPLIES_FAILED };
  const outcome = rule.when ? bindings.evaluate(rule.when) : true;
  if (outcome === false) return undefined;
  if (outcome === true) return { rule, effect: rule.effect, failure: undefined };
  return { rule, effect: isAllow ? 'none' : 'deny', failure: outcome.failure };
}

export const APPLIES_FAILED = 'the `applies` of its policy failed';
