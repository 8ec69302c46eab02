import type { Quota } from './quota.ts';

/** What must be done for a permit to stand. An obligation that nobody here knows is a deny. */
export type Obligation = { readonly kind: 'narrow' };

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
}

export interface Refusal extends Decided {
  readonly effect: 'deny' | 'hold';
  /** Public: which rule and why, and what to do next. */
  readonly reason: string;
}

export type Decision = Permit | Refusal;
