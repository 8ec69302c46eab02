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
  /** How long an approval serves, for how many calls. */
  readonly grantMs: number;
  readonly uses: number;
  /** How long the call waits for it before it is refused with the approval's name. */
  readonly waitMs: number;
  /** Arguments that approvers do not get to see, as paths. */
  readonly redact: readonly string[];
}

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'used';
