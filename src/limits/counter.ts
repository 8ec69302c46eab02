/**
 * One counter, for the memory ledger. `scripts/ledger.lua` says the same for Redis.
 *
 * INVARIANT: what was spent at a time counts in full until that time is older than the window.
 * INVARIANT: a counter never goes back to an earlier slot or period, whatever its clock does.
 */
import type { Claim } from './store.ts';

export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Moment {
  readonly at: number;
  readonly now: number;
}

/** `held` is what reservations hold; `settled` what was spent within the window. Both in the unit of the quota. */
export interface Counter {
  held: number;
  readonly settled: number;
  /** Brings the counter to the moment of an admission; `period` is the caller's, where the window is a calendar's. */
  enter(now: number, period: Period): void;
  /** Books what was spent at a time, `now` or earlier. */
  charge(amount: number, when: Moment): void;
  /** Until the counter is back at zero; 0 where it is, or where only reservations can say. */
  resetMs(now: number): number;
  /** Until `excess` of the settled spending has left the window; 0 where waiting does not help. */
  retryMs(excess: number, now: number): number;
  /** How long what was spent still counts. */
  spanMs(now: number): number;
  /** What was spent, in the fields that Redis keeps it in (docs/redis-keys.md). */
  fields(): ReadonlyMap<string, number>;
}

/** Names a counter within its tenant. The window is in the name: a quota with another window begins at zero. */
export function counterName({ key, window }: Claim): string {
  return window.kind === 'rolling' ? `${key}:${window.ms}` : `${key}:${window.kind}`;
}
