import type { ApprovalTerms } from '../core/approval.ts';
import type { Obligation, TreeBound } from '../core/decision.ts';
import type { Principal } from '../core/principal.ts';
import type { Quota } from '../core/quota.ts';
import { countedBy, type CountedPattern } from './counted-patterns.ts';
import type { Condition } from './expression.ts';
import { type Targeted, TargetIndex } from './target-index.ts';
import { PrincipalValue } from './values.ts';

export type Effect = 'allow' | 'deny' | 'hold';

/** `observe` records what would be refused and refuses nothing. */
export type Enforcement = 'enforce' | 'observe';

export interface Rule extends Targeted {
  /** `policy/rule` */
  readonly id: string;
  readonly effect: Effect;
  readonly when: Condition | undefined;
  readonly because: string | undefined;
  /** Of a hold: what it asks for. */
  readonly terms: ApprovalTerms | undefined;
  /** What a permit stands on where the rule lets a call pass. */
  readonly obligations: readonly Obligation[];
  readonly policy: PolicyHead;
}

export interface Limit extends Targeted {
  readonly quota: Quota;
  readonly policy: PolicyHead;
}

/** What a `max` says of runs that is not counted. */
export interface Bound extends Targeted {
  readonly bound: TreeBound;
  readonly policy: PolicyHead;
}

/** What holds for all of a policy. */
export interface PolicyHead {
  readonly name: string;
  /** Whether it only records what it would have refused. */
  readonly shadow: boolean;
  readonly applies: Condition | undefined;
  /** Its place among the policies of its set. */
  readonly position: number;
}

export interface Policy extends PolicyHead {
  readonly rules: readonly Rule[];
  readonly limits: readonly Limit[];
  readonly bounds: readonly Bound[];
}

/** Whether a policy applies to a principal. `failed`: its condition failed, so that it refuses and limits, but allows nothing. */
export type Standing = 'in' | 'out' | 'failed';

/** What is known of a principal once and for all of its requests. */
export interface Caller {
  readonly value: PrincipalValue;
  /** By the position of the policy. */
  readonly standings: readonly Standing[];
}

/** Policies, compiled and frozen. */
export interface PolicySet {
  /** Content hash of the policies. */
  readonly revision: string;
  readonly enforcement: Enforcement;
  readonly policies: readonly Policy[];
  /** The rules that can decide something. */
  readonly rules: TargetIndex<Rule>;
  readonly limits: TargetIndex<Limit>;
  readonly bounds: TargetIndex<Bound>;
  readonly counted: TargetIndex<CountedPattern>;
  readonly callerOf: (principal: Principal) => Caller;
  /** Whether some rule reads the time. */
  readonly readsTime: boolean;
  /** Whether some rule reads of a run what its calls change, or what clients say of it. */
  readonly readsRun: boolean;
}

export function policySet(
  policies: readonly Policy[],
  { revision, enforcement }: Pick<PolicySet, 'revision' | 'enforcement'>,
): PolicySet {
  const callers = new WeakMap<Principal, Caller>();
  // Sorted, so that what is found stands in the same order whatever the order of files and rules was.
  const rules = sorted(
    policies.flatMap((policy) => policy.rules),
    ({ id }) => id,
  );
  const limits = sorted(
    policies.flatMap((policy) => policy.limits),
    ({ quota }) => quota.id,
  );
  const bounds = sorted(
    policies.flatMap((policy) => policy.bounds),
    ({ bound }) => bound.id,
  );
  freezeAll([policies, ...policies, ...rules, ...limits, ...bounds]);
  freezeAll([...limits.map(({ quota }) => quota), ...bounds.map(({ bound }) => bound)]);
  return Object.freeze({
    revision,
    enforcement,
    policies,
    readsTime: rules.some(({ when }) => when?.readsTime),
    readsRun: rules.some(({ when }) => when?.readsRun),
    // In shadow an `allow` grants nothing, so that nothing ever asks for it.
    rules: new TargetIndex(rules.filter(({ effect, policy }) => !(policy.shadow && effect === 'allow'))),
    limits: new TargetIndex(limits),
    bounds: new TargetIndex(bounds),
    counted: new TargetIndex(countedBy(rules.flatMap(({ when }) => when ?? []))),
    callerOf: (principal: Principal) => {
      const known = callers.get(principal);
      if (known) return known;
      const value = new PrincipalValue(principal);
      const caller = { value, standings: policies.map(({ applies }) => standingOf(applies, value)) };
      callers.set(principal, caller);
      return caller;
    },
  });
}

function sorted<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  return items.toSorted((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
}

function freezeAll(parts: readonly object[]): void {
  for (const part of parts) Object.freeze(part);
}

function standingOf(applies: Condition | undefined, value: PrincipalValue): Standing {
  const outcome = applies?.run(value) ?? true;
  if (typeof outcome !== 'boolean') return 'failed';
  return outcome ? 'in' : 'out';
}
