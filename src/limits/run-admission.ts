import type { Action } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import type { TreeBound } from '../core/decision.ts';
import { NEW_TREE, type TreeFacts } from '../core/run.ts';
import type { RunAdmission } from '../core/run-book.ts';
import type { Charge } from '../core/usage.ts';

/** What is listed or counted costs nothing, and is no step of a run. */
export const FREE_ACTIONS: ReadonlySet<Action> = new Set<Action>(['model.list', 'model.count', 'tool.list']);

/** Stands for whatever the tree holds: of a call that has happened. */
export const ANY_TREE: TreeFacts = Object.freeze({ ...NEW_TREE, revision: -1 });

const NONE: readonly string[] = Object.freeze([]);

/** What the admission of a call does to its run, with what all of its candidates' permits ask for. */
export function runAdmission(call: PermittedCall, quote: Charge): RunAdmission {
  const { run, action, principal } = call.access;
  const { counts, counted } = call.decision;
  const idle = idleOf(call);
  const known = {
    run,
    agent: run.agent ?? principal.agent,
    subject: principal.subject,
    action,
    quote,
    ...(idle && { idle }),
  };
  const adds = counted.length === 0 ? NONE : counted.map((pattern) => `calls:${pattern}`);
  if (call.fallbacks.length === 0) return { ...known, labels: labelsToSet(call), counts, adds };
  const all = [call, ...call.fallbacks];
  const ranges = all.flatMap(({ decision }) => decision.counts);
  return { ...known, labels: [...new Set(all.flatMap(labelsToSet))], counts: ranges, adds };
}

/** The labels that a permit sets and that its tree does not carry yet. */
function labelsToSet({ access, decision }: PermittedCall): readonly string[] {
  let labels: string[] | undefined;
  for (const obligation of decision.obligations) {
    if (obligation.kind !== 'label') continue;
    for (const name of obligation.labels) {
      const label = obligation.scope === 'node' ? `${name}@${access.run.id}` : name;
      if (!access.run.tree.labels.has(label)) (labels ??= []).push(label);
    }
  }
  return labels ?? NONE;
}

/** The shortest that any limit lets the tree be idle. */
function idleOf({ access, decision }: PermittedCall): RunAdmission['idle'] {
  let shortest: TreeBound | undefined;
  for (const bound of decision.bounds) {
    if (bound.idleMs !== undefined && bound.enforced && bound.idleMs < (shortest?.idleMs ?? Infinity)) shortest = bound;
  }
  if (shortest?.idleMs === undefined) return undefined;
  const because = `nothing happened in it for ${Math.ceil(shortest.idleMs / 60_000)} min`;
  const stop = { state: 'done', cause: 'policy', by: shortest.id, because, atMs: access.context.timeMs } as const;
  return { ms: shortest.idleMs, stop };
}
