/**
 * The one oracle: every scenario ends here, whatever it broke. Each invariant is a function of the evidence that gives
 * what violates it; none means that it holds. Their numbers are those of the fault programme.
 */
import type { Evidence } from './evidence.ts';
import { auditIsWhole, dispatchesAreAudited, oneRevision, refusalsAreSilent } from './invariants/audit.ts';
import { heldIsFreed, neverOverLimit, settledOnce } from './invariants/ledger.ts';
import { answersAreWhole, cleanEnds, inTime, noCanary } from './invariants/outside.ts';

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

type Check = (evidence: Evidence) => readonly string[];

/** Kills and runs (I6) come with the run tree; leaks over hours (I9) are the soak's. */
const INVARIANTS: Readonly<Record<string, Check>> = {
  'I1 settled + held ≤ limit': neverOverLimit,
  'I2 dispatched ⇔ permitted before, ended once': dispatchesAreAudited,
  'I3 settled once': settledOnce,
  'I4 nothing stays held': heldIsFreed,
  'I5 no credential anywhere': noCanary,
  'I7 one revision; denied ⇒ no byte': (evidence) => [...oneRevision(evidence), ...refusalsAreSilent(evidence)],
  'I8 no unhandled error, expected exit': cleanEnds,
  'I10 answers byte for byte': answersAreWhole,
  'I11 audit chains verify': auditIsWhole,
  'I13 refused in time': inTime,
};

export function judge(evidence: Evidence): readonly Violation[] {
  return Object.entries(INVARIANTS).flatMap(([invariant, check]) =>
    check(evidence).map((detail) => ({ invariant, detail })),
  );
}
