import type { Cuttable } from '../../src/core/exchange.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NEW_TREE, type Run } from '../../src/core/run.ts';

/** A root that nobody has called in. */
export function rootRun(id: string, parts: Partial<Run> = {}): Run {
  const root = id as RunId;
  return {
    id: root,
    root,
    parent: undefined,
    depth: 0,
    path: [root],
    name: '',
    source: 'principal',
    tree: NEW_TREE,
    ...parts,
  };
}

/** A run below another, in its tree. */
export function childRun(parent: Run, id: string, parts: Partial<Run> = {}): Run {
  const run = id as RunId;
  const place = { id: run, parent: parent.id, depth: parent.depth + 1, path: [...parent.path, run] };
  return { ...parent, ...place, name: id, source: 'hint', ...parts };
}

/** A call that nobody cuts off. */
export const NO_FLIGHT: Cuttable = { onCut() {} };
