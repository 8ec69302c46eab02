// An entry of the journal in memory, and what can be said of it.
import type { Begun, EntryState, JournalBegin, JournalEntry, JournalFinish } from './journal.ts';

export interface Kept {
  readonly begun: JournalBegin;
  readonly step: number;
  state: EntryState;
  leaseEndMs: number;
  untilMs: number;
  finish: JournalFinish | undefined;
  attempt: string | undefined;
  before: EntryState | undefined;
}

/** Entries of a tree, by name, in the order of their steps. */
export interface Tree {
  readonly entries: Map<string, Kept>;
  lastStep: number;
}

/** As many of the oldest entries as are forgotten at once. */
const SWEPT_MAX = 50;

/** Whether an entry still counts; one whose lease has lapsed is not what it was. */
export function isKept(kept: Kept, now: number): boolean {
  if (kept.untilMs <= now) return false;
  if (kept.leaseEndMs > now) return true;
  if (kept.state === 'running') kept.state = 'unknown';
  if (kept.state === 'undoing') kept.state = 'undo-unknown';
  return true;
}

/** Whether its call may still be ended. */
export function isOpen({ state }: Kept): boolean {
  return state === 'running' || state === 'unknown';
}

/** Forgets the oldest entries that are no longer kept. */
export function sweep(tree: Tree, now: number): void {
  let looked = 0;
  for (const [name, kept] of tree.entries) {
    if (looked === SWEPT_MAX || isKept(kept, now)) return;
    looked += 1;
    drop(tree, name);
  }
}

export function drop(tree: Tree, name: string): void {
  const step = tree.entries.get(name)?.step;
  tree.entries.delete(name);
  if (step === tree.lastStep) tree.lastStep = [...tree.entries.values()].at(-1)?.step ?? 0;
}

/** What a call with the key of an entry is told. */
export function said({ state, finish }: Kept): Begun {
  switch (state) {
    case 'done':
      return finish?.answer ? { kind: 'recorded', answer: finish.answer } : { kind: 'large' };
    case 'undoing':
    case 'undone':
    case 'undo-unknown':
      return { kind: 'undone' };
    case 'large':
    case 'running':
    case 'unknown':
      return { kind: state };
    default:
      return state satisfies never;
  }
}

export function entryOf({ begun: { place, facts }, step, state, finish }: Kept): JournalEntry {
  return { place, step, state, facts, outcome: finish?.outcome };
}
