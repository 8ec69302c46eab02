// An approval as the operators' API tells of it.
import type { Approval, ApprovalState } from '../core/approval.ts';

/** Times are ISO 8601. */
export interface ApprovalView {
  readonly id: string;
  readonly tenant: string;
  readonly state: ApprovalState;
  readonly action: string;
  readonly resource: string;
  /** Canonical JSON, redacted by policy. */
  readonly arguments: string;
  /** True where something of it was too long to be shown. */
  readonly argumentsCut: boolean;
  /** SHA-256 of what it binds the arguments by; `-` where it does not. */
  readonly digest: string;
  readonly agent: string;
  readonly subject: string;
  readonly actors: readonly string[];
  readonly run: string;
  readonly root: string;
  /** Why the policy holds the call. */
  readonly because: string;
  /** The agent's own words, where it asked ahead of time; else empty. */
  readonly reason: string;
  readonly rules: readonly string[];
  /** Of which an approver needs one. */
  readonly roles: readonly string[];
  /** How many people it takes. */
  readonly approvers: number;
  readonly asked: string;
  readonly expires: string;
  /** Until when the decision stands; null before there is one. */
  readonly stands: string | null;
  readonly votes: readonly {
    readonly by: string;
    readonly verdict: 'approve' | 'deny';
    readonly reason: string;
    readonly at: string;
  }[];
  readonly uses: number;
  readonly used: number;
}

export function approvalView(approval: Approval): ApprovalView {
  const { id, tenant, state, terms, summary, askedAtMs, expiresAtMs, standsUntilMs, votes, used } = approval;
  const { args, argsCut, ...told } = summary;
  return {
    id,
    tenant,
    state,
    ...told,
    arguments: args,
    argumentsCut: argsCut,
    rules: terms.rules,
    roles: terms.roles,
    approvers: terms.approvers,
    asked: isoOf(askedAtMs),
    expires: isoOf(expiresAtMs),
    stands: standsUntilMs === undefined ? null : isoOf(standsUntilMs),
    votes: votes.map(({ by, verdict, reason, atMs }) => ({ by, verdict, reason, at: isoOf(atMs) })),
    uses: terms.uses,
    used,
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
