import type { RunId } from './ids.ts';

/** A node in the tree of work that a call belongs to. */
export interface Run {
  readonly id: RunId;
  /** The top of its tree; itself for a root. */
  readonly root: RunId;
  readonly parent: RunId | undefined;
  /** 0 for a root. */
  readonly depth: number;
}
