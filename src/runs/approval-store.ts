// What approvals ask of a store: one suite of tests (test/runs/approval-contract.ts) runs against every implementation.
import type { Approval, ApprovalState, ApprovalSummary, ApprovalTerms, VoteResult } from '../core/approval.ts';
import type { CallId, RunId } from '../core/ids.ts';

export interface ApprovalRequest {
  readonly tenant: string;
  /** Of the approval, where a new one is made. */
  readonly id: string;
  readonly binding: string;
  readonly terms: ApprovalTerms;
  readonly summary: ApprovalSummary;
}

export type AskResult =
  /** `isNew` where nobody had asked; else the approval that stands for the binding: pending, approved or denied. */
  | { readonly kind: 'stands'; readonly approval: Approval; readonly isNew: boolean }
  /** Too many wait for people already, of the run's tree or of the tenant. */
  | { readonly kind: 'full'; readonly of: 'tree' | 'tenant' };

export interface Voter {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly verdict: 'approve' | 'deny';
  readonly reason: string;
}

export interface ApprovalQuery {
  readonly state?: ApprovalState;
  /** At most; 1 to `LISTED_MAX`. */
  readonly count: number;
}

export const LISTED_MAX = 500;

/**
 * Every method is atomic. A method rejects with `limit.unavailable` where the store does not answer in time; the change may
 * then have been made or not, and may simply be repeated.
 */
export interface ApprovalStore {
  /** Asks once per binding: whoever asks again while an approval stands is shown that one. */
  request(request: ApprovalRequest): Promise<AskResult>;
  get(tenant: string, id: string): Promise<Approval | undefined>;
  /** Newest first. */
  list(tenant: string, query: ApprovalQuery): Promise<readonly Approval[]>;
  /** Those of a tree that wait for people, newest first. */
  pendingOf(tenant: string, root: RunId): Promise<readonly Approval[]>;
  decide(tenant: string, id: string, voter: Voter): Promise<VoteResult>;
  /**
   * Takes one of the uses for a call, while the approval stands; true as well where this call has taken one before. What
   * the approval was otherwise is in its state.
   */
  use(
    tenant: string,
    id: string,
    call: CallId,
  ): Promise<{ readonly isUsed: boolean; readonly approval: Approval | undefined }>;
  /** Gives a use back that a call took which surely was not sent. False where it holds none. */
  giveBack(tenant: string, id: string, call: CallId): Promise<boolean>;
}

/** How long an approval is remembered after it can no longer change anything. */
export const KEPT_MS = 7 * 86_400_000;
/** How many of a tree, and of a tenant, may be remembered: an agent that never stops asking fills no store. */
export const PENDING_OF_TREE_MAX = 100;
export const OF_TENANT_MAX = 10_000;
