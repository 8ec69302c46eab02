/** What a `per` may name. Every scope lies within the tenant. */
export const SCOPES = [
  'tenant',
  'subject',
  'agent',
  'upstream',
  'model',
  'tool',
  'run',
  'run.root',
  'run.parent',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What is counted: `requests` and `concurrency` one per call, `tokens` as units, `money` in micro-USD, `runs` one per run
 * that begins below another.
 */
export type Unit = 'requests' | 'tokens' | 'money' | 'concurrency' | 'runs';

export type CalendarUnit = 'hour' | 'day' | 'week' | 'month' | 'year';

/** How long what was spent counts. `none` counts only what is held at this moment (concurrency). */
export type Window =
  | { readonly kind: 'none' }
  /** As long as the runs that it counts are remembered; for scopes of runs alone. */
  | { readonly kind: 'life' }
  | { readonly kind: 'rolling'; readonly ms: number }
  | { readonly kind: 'calendar'; readonly every: CalendarUnit; readonly timezone: string };

/** A limit as policies state it, compiled. */
export interface Quota {
  /** `policy/limit`, e.g. `research/team-month`. */
  readonly id: string;
  /** `steps` and `children` are parts of a `max`; its `depth`, `duration` and `repeats` are bounds, not quotas. */
  readonly kind: 'rate' | 'budget' | 'concurrency' | 'steps' | 'children';
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
  /** Part of `amount` that only a call marked final may use, so that a run out of money can still report; in the unit. */
  readonly keptForFinal?: number;
}

/** Where a quota stands for one caller, after an admission. */
export interface Standing {
  readonly quota: Quota;
  /** What is left to reserve, in the unit; never negative. */
  readonly remaining: number;
  /** When the whole amount is available again if nothing more is spent, in milliseconds from now. */
  readonly resetMs: number;
}
