// Who may decide on an approval, and what state it is in.
import type { Approval, ApprovalState, ApprovalVote } from '../core/approval.ts';
import type { Voter } from './approval-store.ts';

/** One person, however its name is written: what four eyes are counted by. */
export function personOf(subject: string): string {
  return subject.toWellFormed().normalize('NFKC').trim().toLowerCase();
}

/** Why somebody may not vote; undefined where they may. */
export function refusedVoter(
  { terms, summary }: Pick<Approval, 'terms' | 'summary'>,
  { subject, roles }: Pick<Voter, 'subject' | 'roles'>,
): 'requester' | 'role' | undefined {
  const person = personOf(subject);
  if ([summary.subject, ...summary.actors].some((one) => personOf(one) === person)) return 'requester';
  return terms.roles.some((role) => roles.includes(role)) ? undefined : 'role';
}

/** What is stored of an approval's progress. */
export interface Progress {
  /** Empty until enough people have said the same. */
  readonly verdict: '' | 'approved' | 'denied';
  readonly expiresAtMs: number;
  readonly standsUntilMs: number | undefined;
  readonly used: number;
  readonly uses: number;
}

/** approvals.lua says the same for Redis. */
export function stateOf(progress: Progress, nowMs: number): ApprovalState {
  const { verdict, expiresAtMs, standsUntilMs = 0, used, uses } = progress;
  if (verdict === '') return nowMs < expiresAtMs ? 'pending' : 'expired';
  if (verdict === 'denied') return 'denied';
  if (used >= uses) return 'used';
  return nowMs < standsUntilMs ? 'approved' : 'expired';
}

/** Whether an approval still answers for its binding; if not, the next call asks anew. */
export function stands(
  state: ApprovalState,
  { standsUntilMs = 0 }: Pick<Progress, 'standsUntilMs'>,
  nowMs: number,
): boolean {
  return state === 'pending' || state === 'approved' || (state === 'denied' && nowMs < standsUntilMs);
}

/** Votes in the order in which they are shown. */
export function byTime(votes: Iterable<ApprovalVote>): readonly ApprovalVote[] {
  return [...votes].sort((one, other) => one.atMs - other.atMs || (one.by < other.by ? -1 : 1));
}
