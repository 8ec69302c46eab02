import type { ApprovalTerms } from './approval.ts';
import type { Quota } from './quota.ts';
import type { CountRange } from './run.ts';

/** What must be done for a permit to stand. An obligation that nobody here knows is a deny. */
export type Obligation =
  | { readonly kind: 'narrow' }
  /** The run's whole tree carries the labels from the admission on; with `node`, the run and those below it. */
  | { readonly kind: 'label'; readonly labels: readonly string[]; readonly scope: 'tree' | 'node' }
  /** People are told of the call, by the log and by the receiver of notices. */
  | { readonly kind: 'alert'; readonly rule: string }
  /** The call is recorded, so that its repeat is answered from the record and never runs twice. */
  | { readonly kind: 'journal'; readonly rule: string; readonly undo: Compensation | undefined };

/** The call that takes a journaled one back. `args` maps a name to a path in `args` or `result`, or to a literal. */
export interface Compensation {
  /** `upstream/name` of a tool. */
  readonly tool: string;
  readonly args: Readonly<Record<string, { readonly path: readonly string[] } | { readonly literal: unknown }>>;
}

/** What a `max` says of a run beyond what is counted. */
export interface TreeBound {
  /** `policy/limit` */
  readonly id: string;
  readonly enforced: boolean;
  /** Deepest allowed depth. */
  readonly depth?: number;
  /** How long the tree (`run.root`) may go on from its first call. */
  readonly durationMs?: number;
  /** How long nothing may happen in the tree before it has ended. */
  readonly idleMs?: number;
  /** How often the same call with the same result may be repeated within the tree. */
  readonly repeats?: number;
}

/** What a policy in shadow mode, or a gateway that only observes, would have said. */
export interface ShadowDecision {
  readonly effect: 'deny' | 'hold';
  readonly rules: readonly string[];
  readonly reason: string;
}

interface Decided {
  /** Ids of the rules that decided, `policy/rule`; `default-deny` where no rule allowed. Never empty. */
  readonly rules: readonly string[];
  /** Content hash of the policies that decided. */
  readonly revision: string;
  readonly shadow: ShadowDecision | undefined;
  /** The arguments that conditions read, for the audit: path → value. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Permit extends Decided {
  readonly effect: 'permit';
  readonly obligations: readonly Obligation[];
  /** Every limit that this call must stay within. */
  readonly quotas: readonly Quota[];
  /** What every `max` that applies says of the run. */
  readonly bounds: readonly TreeBound[];
  /** Ranges of the tree's counters in which this decision stands; the admission checks them. */
  readonly counts: readonly CountRange[];
  /** Patterns that policies count calls of, and that this call matches: each adds one to `calls:PATTERN`. */
  readonly counted: readonly string[];
}

export interface Refusal extends Decided {
  readonly effect: 'deny' | 'hold';
  /** Public: which rule and why, and what to do next. */
  readonly reason: string;
  /** Of a `hold`: what its approval takes, and the permit that then stands. */
  readonly held?: { readonly terms: ApprovalTerms; readonly permit: Permit };
}

export type Decision = Permit | Refusal;

/** For a permit that no tree limit and no counter stands behind. */
export const UNBOUND = Object.freeze({ bounds: [], counts: [], counted: [] }) satisfies Pick<
  Permit,
  'bounds' | 'counts' | 'counted'
>;
