import type { RunId } from '../core/ids.ts';

/** How long it is remembered what a call gave last. */
export const CHAIN_MS = 3_600_000;
/** Calls of a tree that are remembered; those carried out longest ago go first. */
export const CHAINS_MAX = 512;
/** Ids by which what is noted twice is known again. */
export const IDS_MAX = 8;

/** Digests in hex, all of them: of a call, of its result, and of what it is known again by. */
export type LoopQuestion =
  | { readonly kind: 'look'; readonly call: string }
  | { readonly kind: 'note'; readonly call: string; readonly result: string; readonly id: string };

/** How often a call gave the same result, one time after the other. */
export interface Chain {
  /** 0 for a call that is not remembered. */
  readonly count: number;
  /** Since it was last carried out. */
  readonly sinceMs: number;
  /** False for what was noted before, and then changed nothing. */
  readonly isNew: boolean;
}

/** One suite of tests (test/runs/loop-contract.ts) runs against every implementation. */
export interface LoopStore {
  /** Answers in the order of the questions. */
  ask(tenant: string, root: RunId, questions: readonly LoopQuestion[]): Promise<readonly Chain[]>;
}
