import { type Action, ACTIONS } from '../core/access.ts';
import { KINDS_OF } from './actions.ts';
import type { Condition } from './expression.ts';
import type { Pattern } from './pattern.ts';
import type { Targeted } from './target-index.ts';

/** A pattern whose calls some condition reads the number of. */
export interface CountedPattern extends Targeted {
  /** As it is written. */
  readonly source: string;
}

/** What asks about a thing is not a call of it. */
const ASKING: ReadonlySet<Action> = new Set<Action>(['model.list', 'model.count', 'tool.list']);

/** What has to be counted, whatever policies the caller is under: a count means the same for all who read it. Sorted. */
export function countedBy(conditions: readonly Condition[]): CountedPattern[] {
  const patterns = conditions.flatMap(({ counters }) => counters.flatMap(({ pattern }) => pattern ?? []));
  const bySource = new Map(patterns.map((pattern) => [pattern.source, pattern]));
  return [...bySource.keys()].sort().map((source) => {
    const pattern = bySource.get(source) as Pattern;
    const actions = ACTIONS.filter((action) => KINDS_OF[action].includes(pattern.kind) && !ASKING.has(action));
    return { source, targets: [{ actions, patterns: [pattern] }] };
  });
}
