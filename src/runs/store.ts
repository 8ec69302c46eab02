// What the stage of runs asks of a store: one suite of tests (test/runs/contract.ts) runs against every implementation. Calls
// change runs through the ledger's `admit` and `settle` alone (limits/store.ts), so that a call takes one round trip.
import type { RunId } from '../core/ids.ts';
import type { RunRecord, Stop, TreeFacts } from '../core/run.ts';

/** A run that this process has not seen: what the store knows of it and of its parent. */
export interface Opened {
  /** The run's own path where it is known; else its parent's path and the run; else undefined. */
  readonly path: readonly RunId[] | undefined;
  readonly tree: TreeFacts;
}

/** What a stop is for: a run with all below it, or of a tenant an agent (`agent:NAME`) or everything (`*`). */
export type StopTarget =
  | { readonly tenant: string; readonly root: RunId; readonly run: RunId }
  | { readonly tenant: string; readonly scope: string };

/** Stands for all tenants, those that are yet to come too. No tenant is escaped to it. */
export const EVERYTHING = '%all';

export interface RunStore {
  /** The one extra read for a run not seen before. Rejects with `limit.unavailable` where the store does not answer. */
  open(
    tenant: string,
    run: { readonly id: RunId; readonly root: RunId; readonly parent: RunId | undefined },
  ): Promise<Opened>;
  /** The facts of the trees that have changed since the given ones. */
  changes(
    tenant: string,
    known: ReadonlyMap<RunId, Pick<TreeFacts, 'revision' | 'tenantRevision'>>,
  ): Promise<ReadonlyMap<RunId, TreeFacts>>;
  /** Stops, or with `undefined` lets go on. A killed run stays killed, and one that has ended is killed or stays so: false where another is asked for, or nobody knows it. */
  stop(target: StopTarget, stop: Stop | undefined): Promise<boolean>;
  /** What stops everything, whoever asks. */
  everything(): Promise<Stop | undefined>;
  /** One run; undefined where nobody knows it. */
  run(tenant: string, id: RunId): Promise<RunRecord | undefined>;
  /** Every run of a tree, parents before their children, and the facts of the tree. */
  tree(tenant: string, root: RunId): Promise<{ readonly runs: readonly RunRecord[]; readonly facts: TreeFacts }>;
  /** Roots by last activity, newest first, from a place on. */
  roots(tenant: string, page: { readonly from: number; readonly count: number }): Promise<readonly RunRecord[]>;
  /** Every tenant that has runs or a ledger. */
  tenants(): Promise<readonly string[]>;
}
