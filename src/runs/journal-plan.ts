// What would be taken back of a run: its journaled calls, the newest first, each with what takes it back or why nothing does.
import { hash } from 'node:crypto';
import type { CallId, RunId } from '../core/ids.ts';
import type { JournalEntry, JournalPlace } from './journal.ts';

/** One journaled call in a plan: what takes it back, that it was taken back before, or why it cannot be. */
export type PlanStep = {
  readonly step: number;
  readonly call: CallId;
  readonly resource: string;
} & (
  | { readonly kind: 'undo'; readonly undo: ResolvedUndo; readonly place: JournalPlace }
  | { readonly kind: 'undone' }
  | { readonly kind: 'cannot'; readonly because: string }
);

export interface ResolvedUndo {
  /** `upstream/name` */
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Idempotency key of the compensation. */
  readonly key: string;
}

export interface RollbackPlan {
  /** The newest first. */
  readonly steps: readonly PlanStep[];
  /** Names this plan: another one has another name. */
  readonly id: string;
}

/** Which calls: those of a run and all below it, that began after a step. */
export interface RollbackRange {
  readonly run: RunId;
  readonly toStep: number;
}

/** What became of a call that a plan would take back, or did not. */
export interface ReportStep {
  readonly step: number;
  readonly call: CallId;
  readonly resource: string;
  /** `kept` stands as it was; of `unknown` nobody knows whether it was taken back. */
  readonly outcome: 'undone' | 'kept' | 'unknown';
  readonly because: string | undefined;
}

export function planRollback(entries: readonly JournalEntry[], { run, toStep }: RollbackRange): RollbackPlan {
  const steps = entries
    .filter(({ step, facts }) => step > toStep && facts.path.includes(run))
    .toSorted((one, other) => other.step - one.step)
    .map(planned);
  const id = hash('sha256', JSON.stringify(steps.map(({ kind, call }) => [kind, call])), 'hex').slice(0, 16);
  return { steps, id };
}

function planned(entry: JournalEntry): PlanStep {
  const { place, step, facts, state } = entry;
  const named = { step, call: place.call, resource: facts.resource };
  if (state === 'undone') return { ...named, kind: 'undone' };
  const because = whyNot(entry);
  if (because !== undefined) return { ...named, kind: 'cannot', because };
  const { tool = '', args } = facts.undo ?? {};
  const undo = { tool, args: { ...args, ...entry.outcome?.args }, key: `waygate-undo-${place.call}` };
  return { ...named, kind: 'undo', undo, place };
}

function whyNot({ facts: { undo, rule }, state, outcome }: JournalEntry): string | undefined {
  switch (state) {
    case 'running':
      return 'it is still under way; pause or kill its run, then plan anew';
    case 'unknown':
      return 'nobody knows whether it was carried out; look at its upstream';
    case 'undoing':
      return 'another rollback takes it back at this moment';
    case 'undo-unknown':
      return 'its compensation was begun and its end never recorded; look at its upstream';
    case 'done':
    case 'large':
    case 'undone':
      if (outcome?.failed) return 'it failed, so that there is nothing to take back';
      return undo ? (undo.fault ?? outcome?.fault) : `the rule \`${rule}\` says no \`undo\``;
    default:
      return state satisfies never;
  }
}
