/** What a `per` may name. Every scope lies within the tenant. */
export const SCOPES = ['tenant', 'subject', 'agent', 'upstream', 'model', 'tool'] as const;
export type Scope = (typeof SCOPES)[number];

/** What is counted: `requests` and `concurrency` one per call, `tokens` as units, `money` in micro-USD. */
export type Unit = 'requests' | 'tokens' | 'money' | 'concurrency';

export type CalendarUnit = 'hour' | 'day' | 'week' | 'month' | 'year';

/** How long what was spent counts. `none` counts only what is held at this moment (concurrency). */
export type Window =
  | { readonly kind: 'none' }
  | { readonly kind: 'rolling'; readonly ms: number }
  | { readonly kind: 'calendar'; readonly every: CalendarUnit; readonly timezone: string };

/** A limit as policies state it, compiled. */
export interface Quota {
  /** `policy/limit`, e.g. `research/team-month`. */
  readonly id: string;
  readonly kind: 'rate' | 'budget' | 'concurrency';
  readonly unit: Unit;
  /** In the unit; a safe integer. */
  readonly amount: number;
  readonly window: Window;
  /** Sorted; `tenant` is always implied. */
  readonly per: readonly Scope[];
  /** False in shadow mode: counted, never refused. */
  readonly enforced: boolean;
  /** How long a call may wait for room; undefined where the configuration says it. */
  readonly waitMs?: number;
}

/** Where a quota stands for one caller, after an admission. */
export interface Standing {
  readonly quota: Quota;
  /** What is left to reserve, in the unit; never negative. */
  readonly remaining: number;
  /** When the whole amount is available again if nothing more is spent, in milliseconds from now. */
  readonly resetMs: number;
}
