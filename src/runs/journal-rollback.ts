// Taking a run's journaled calls back, the newest first. Best effort, not a transaction: what it could not do, it says.
// INVARIANT: no call is taken back twice, and none whose outcome nobody knows.
import type { JournalPlace, JournalStore, UndoEnd } from './journal.ts';
import type { JournalLeases } from './journal-leases.ts';
import type { PlanStep, ReportStep, ResolvedUndo, RollbackPlan } from './journal-plan.ts';

export type ToolOutcome =
  | { readonly kind: 'done' }
  /** It surely changed nothing: refused by policy, not reached, or the tool said that it failed. */
  | { readonly kind: 'failed'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

/** Makes a compensation, through the same policy, limits and audit as any call. */
export type CallTool = (undo: ResolvedUndo) => Promise<ToolOutcome>;

export interface RollbackSource {
  readonly store: JournalStore;
  readonly leases: JournalLeases;
  readonly callTool: CallTool;
  /** Names this rollback; never used before. */
  readonly attempt: string;
  /** Whether older calls are taken back though a newer one could not be. */
  readonly keepGoing: boolean;
}

/** Resolves to what became of each step, in the plan's order; never rejects in the middle. */
export async function runRollback(plan: RollbackPlan, source: RollbackSource): Promise<readonly ReportStep[]> {
  const report: ReportStep[] = [];
  let stoppedAt: number | undefined;
  for (const planStep of plan.steps) {
    const { step, call, resource } = planStep;
    const became =
      planStep.kind === 'undo' && stoppedAt !== undefined
        ? kept(`the newer step ${stoppedAt} could not be taken back, and it comes before that`)
        : await carriedOut(planStep, source);
    if (planStep.kind === 'undo' && became.outcome !== 'undone' && !source.keepGoing) stoppedAt ??= step;
    report.push({ step, call, resource, ...became });
  }
  return report;
}

type Became = Pick<ReportStep, 'outcome' | 'because'>;
const kept = (because: string): Became => ({ outcome: 'kept', because });
const undone = (because?: string): Became => ({ outcome: 'undone', because });

async function carriedOut(planStep: PlanStep, source: RollbackSource): Promise<Became> {
  if (planStep.kind === 'undone') return undone('it had been taken back before');
  if (planStep.kind === 'cannot') return kept(planStep.because);
  const { place, undo } = planStep;
  const { store, leases, attempt } = source;
  const begun = await store.beginUndo({ place, attempt, leaseMs: leases.leaseMs }).catch((error: Error) => {
    // It may be written all the same, and nothing was sent.
    void store.endUndo(place, attempt, 'kept').catch(() => {});
    return error.message;
  });
  switch (begun) {
    case 'new':
      return compensated({ place, undo }, source);
    case 'undone':
      return undone('it had been taken back before');
    case 'running':
      return kept('another rollback takes it back at this moment');
    case 'unknown':
      return {
        outcome: 'unknown',
        because: 'its compensation was begun and its end never recorded; look at its upstream',
      };
    case 'unfit':
      return kept('it is no longer in the journal');
    default:
      return kept(begun);
  }
}

async function compensated(
  { place, undo }: { readonly place: JournalPlace; readonly undo: ResolvedUndo },
  { store, leases, attempt, callTool }: RollbackSource,
): Promise<Became> {
  const seat = leases.add(place, attempt);
  const outcome = await callTool(undo).catch((error: Error): ToolOutcome => ({
    kind: 'unknown',
    because: error.message,
  }));
  const stands = await store.endUndo(place, attempt, ENDS[outcome.kind]).catch(() => false);
  seat.leave();
  const more = stands ? '' : '; the journal could not record it, so that it will not be tried again';
  switch (outcome.kind) {
    case 'done':
      return undone(stands ? undefined : `it was taken back${more}`);
    case 'failed':
      return kept(`its compensation \`${undo.tool}\` failed: ${outcome.because}${more}`);
    case 'unknown':
      return {
        outcome: 'unknown',
        because: `nobody knows whether \`${undo.tool}\` took it back: ${outcome.because}${more}`,
      };
    default:
      return outcome satisfies never;
  }
}

const ENDS: Readonly<Record<ToolOutcome['kind'], UndoEnd>> = { done: 'undone', failed: 'kept', unknown: 'unknown' };
