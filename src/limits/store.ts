// The ledger's contract: one suite of tests (test/limits/contract.ts) runs against every implementation.
import type { CallId } from '../core/ids.ts';
import type { Unit } from '../core/quota.ts';
import type { TreeFacts } from '../core/run.ts';
import type { RunAdmission, RunSettlement } from '../core/run-book.ts';

/** How long what was spent counts, ready for the store. */
export type StoreWindow =
  | { readonly kind: 'none' }
  /** As long as something of it was touched within the last 30 days. */
  | { readonly kind: 'life' }
  | { readonly kind: 'rolling'; readonly ms: number }
  /** The period that the caller's clock is in. A store never goes back to an earlier period. */
  | { readonly kind: 'calendar'; readonly startMs: number; readonly endMs: number };

/** One quota, for one scope, as one admission sees it. */
export interface Claim {
  /** Names the counter within the tenant, e.g. `research/pace|agent=ci`. */
  readonly key: string;
  readonly unit: Unit;
  /** What to hold until the settlement; a safe integer, 0 or more. */
  readonly ask: number;
  readonly limit: number;
  readonly window: StoreWindow;
  readonly enforced: boolean;
  /**
   * `spend` charges the ask at once and for good (a rate of requests); `hold` reserves it until the settlement; `birth` is a
   * `spend` that counts only where the call's run is not known to the store yet.
   */
  readonly mode: 'spend' | 'hold' | 'birth';
}

/** A group of claims that belong together: the call's own scopes first, then one link per ancestor of its run. */
export interface ChainLink {
  readonly scope: string;
  readonly claims: readonly Claim[];
}

export interface AdmitRequest {
  readonly tenant: string;
  readonly call: CallId;
  readonly chain: readonly ChainLink[];
  /** How long the reservation stands without a renewal; then it is charged in full. */
  readonly leaseMs: number;
  /** Left out for what no run stands behind. */
  readonly run?: RunAdmission;
}

/** Where one counter stands, after the admission or at the refusal. */
export interface ClaimState {
  /** Spent within the window. */
  readonly settled: number;
  /** Held by reservations that have not ended, this one included once admitted. */
  readonly held: number;
  /** Until the counter would be back at zero with nothing more spent; 0 where it is. */
  readonly resetMs: number;
  /** For a refused claim: until enough of the window has passed, as far as settled spending goes; else 0. */
  readonly retryMs: number;
}

export type AdmitResult =
  | { readonly kind: 'admitted'; readonly states: readonly ClaimState[] }
  /** `index` counts the claims of the whole chain in order; the first enforced claim that does not fit. */
  | { readonly kind: 'exceeded'; readonly index: number; readonly states: readonly ClaimState[] }
  /** The tree or the tenant's stops are not as they were when the call was judged, or a counter left its range: judge again. */
  | { readonly kind: 'moved'; readonly tree: TreeFacts }
  /** The tenant's ledger has vanished since this process saw it: closed until it is rebuilt. */
  | { readonly kind: 'lost' };

/** What to book for each claim that was held, in the chain's order; `spend` claims ignore theirs. */
export interface SettleRequest {
  readonly tenant: string;
  readonly call: CallId;
  readonly actual: readonly number[];
  /** For a call that was admitted with a run. */
  readonly run?: RunSettlement;
}

/**
 * Every method is idempotent by call id and atomic. A method rejects with `limit.unavailable` where the store does not
 * answer in time; the change may then have been made or not, and the same call may simply be repeated.
 */
export interface LedgerStore {
  admit(request: AdmitRequest): Promise<AdmitResult>;
  /** Ends the reservation with what was truly used. False where it had ended before (settled, released or expired). */
  settle(request: SettleRequest): Promise<boolean>;
  /** Ends the reservation with nothing used. False where it had ended before. */
  release(tenant: string, call: CallId): Promise<boolean>;
  /** Extends the leases of calls that still run. */
  renew(tenant: string, calls: readonly CallId[], leaseMs: number): Promise<void>;
  /** Whether the store answers: for /readyz. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}
