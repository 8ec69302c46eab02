import type { Action } from './access.ts';
import { GatewayError } from './errors.ts';
import type { RunId } from './ids.ts';

/** What a `hold` asks for before its call may go on. */
export interface ApprovalTerms {
  /** The rules that hold, `policy/rule`. */
  readonly rules: readonly string[];
  /** Roles of which an approver needs one; `approver` unless the rule says. */
  readonly roles: readonly string[];
  /** How many different people have to approve; never the requester. */
  readonly approvers: number;
  /** How long a person has to decide. */
  readonly expiresMs: number;
  /** How long an approval serves, for how many calls. A denial stands as long. */
  readonly grantMs: number;
  readonly uses: number;
  /** How long the call waits for it before it is refused with the approval's name. */
  readonly waitMs: number;
  /** Arguments that approvers do not get to see, as paths. */
  readonly redact: readonly string[];
}

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'used'] as const;
/** `denied`, `expired` and `used` are final. */
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** What an approver gets to see of the call that waits. */
export interface ApprovalSummary {
  readonly action: Action;
  /** `kind/upstream/name` */
  readonly resource: string;
  readonly agent: string;
  readonly subject: string;
  /** Whom the subject acts through, outermost first. None of them may approve. */
  readonly actors: readonly string[];
  readonly run: RunId;
  readonly root: RunId;
  /** As canonical JSON, redacted by policy; `argsCut` where it, or a text in it, was too long to be shown whole. */
  readonly args: string;
  readonly argsCut: boolean;
  /** SHA-256 of what the approval binds the arguments by, in hex; `-` where it does not bind them (`model.generate`). */
  readonly digest: string;
  /** Why the policy holds it. */
  readonly because: string;
  /** What the agent said who asked ahead of time; empty where the call itself asked. */
  readonly reason: string;
}

/** What one person said. */
export interface ApprovalVote {
  readonly by: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A question to people whether one very call may be made. */
export interface Approval {
  /** `appr_` and a random UUID. */
  readonly id: string;
  readonly tenant: string;
  readonly state: ApprovalState;
  /** SHA-256 over principal, run, action, resource and arguments, in hex. */
  readonly binding: string;
  readonly terms: ApprovalTerms;
  readonly summary: ApprovalSummary;
  readonly askedAtMs: number;
  /** Until when people may decide. */
  readonly expiresAtMs: number;
  /** Until when what was decided stands; undefined before. */
  readonly standsUntilMs: number | undefined;
  /** By time. */
  readonly votes: readonly ApprovalVote[];
  /** Calls that have used it. */
  readonly used: number;
}

/** What became of a person's vote. */
export type VoteResult =
  /** It counts; the approval may want further approvers. The same vote again counts once. */
  | { readonly kind: 'counted'; readonly approval: Approval }
  /** Another state than `pending`: nothing changed. */
  | { readonly kind: 'final'; readonly approval: Approval }
  /** The voter is the requester, or has none of the roles: nothing changed. */
  | { readonly kind: 'requester' | 'role'; readonly approval: Approval }
  | { readonly kind: 'unknown' };

/** The refusal of a call that waits for people: what a client needs to ask its user. */
export class HeldForApproval extends GatewayError {
  /** Id of the approval. */
  readonly approval: string;
  /** Where a person can decide on it; undefined where no such page is configured. */
  readonly page: string | undefined;

  constructor(
    message: string,
    held: { readonly approval: string; readonly page?: string | undefined; readonly rule?: string | undefined },
  ) {
    super('policy.hold', message, held.rule === undefined ? {} : { rule: held.rule });
    this.approval = held.approval;
    this.page = held.page;
  }
}
