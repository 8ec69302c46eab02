// What an admission and a settlement do to the run of a call: the ledger's part and the runs' part of one step.
import type { Action } from './access.ts';
import type { RunId } from './ids.ts';
import type { CountRange, Run, Stop, TreeFacts } from './run.ts';
import type { Charge } from './usage.ts';

/** What an admission does to the run of its call, and by which facts the call was judged. */
export interface RunAdmission {
  readonly run: Run;
  /** Of the principal, for the record of a run whose first call this is. */
  readonly agent: string;
  readonly subject: string;
  readonly action: Action;
  /** The most that the call may use: booked on the run where its lease lapses. */
  readonly quote: Charge;
  /** Labels to set before the call is sent, as in `TreeFacts`. */
  readonly labels: readonly string[];
  /** Ranges that the tree's counters must lie in. */
  readonly counts: readonly CountRange[];
  /** Names of the tree's counters to add one to, besides `steps`. */
  readonly adds: readonly string[];
  /** How long nothing may have happened in the tree, and the stop that ends it otherwise; left out where nothing says so. */
  readonly idle?: { readonly ms: number; readonly stop: Stop };
}

/** What became of a call, for its run's totals. */
export interface RunSettlement {
  readonly charge: Charge;
  readonly isError: boolean;
}

/** The runs of one tenant, beside a ledger in the same memory. */
export interface RunBook {
  isBorn(run: RunId): boolean;
  /** What the tree holds now, where that is not what the call was judged by; undefined where the judgement stands. */
  moved(admission: RunAdmission, nowMs: number): TreeFacts | undefined;
  /** Begins the run where it is new, counts a step and sets labels. */
  enter(admission: RunAdmission, nowMs: number): void;
  /** At a time that a lapsed lease may have ended at: earlier than what has happened since. */
  settle(admission: RunAdmission, settlement: RunSettlement, atMs: number): void;
}
