// Where a request's run stands in its tree, as far as the request itself says. Pure: what only the store knows comes later.
// INVARIANT: a hint only splits a principal's own work; the id of a run that it names holds the principal in it.
import { hash } from 'node:crypto';
import type { Headers } from '../core/exchange.ts';
import type { RunId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { RunSource } from '../core/run.ts';
import type { NamedPlace } from '../core/tool-traffic.ts';
import { type Hint, type HintHeaders, hintIn, runHeader } from './hints.ts';

/** A run by its own name and its parent's, or by its whole path. */
export interface Lineage {
  readonly id: RunId;
  readonly root: RunId;
  readonly parent: RunId | undefined;
  readonly name: string;
  readonly source: RunSource;
  /** Undefined where only the store knows how far the parent is from the root. */
  readonly path: readonly RunId[] | undefined;
}

/** The lineage of a request, by the strongest source that says anything. */
export function lineageOf(principal: Principal, headers: Headers, hints: readonly HintHeaders[]): Lineage {
  if (principal.delegation) return delegated(principal.delegation);
  if (principal.place) return namedPath(principal, principal.place, 'claims');
  const names = runHeader(headers);
  if (names) return namedPath(principal, names, 'header');
  const hint = hintIn(headers, hints);
  return hint ? hinted(principal, hint) : ownRun(principal);
}

function delegated({ path, name }: NonNullable<Principal['delegation']>): Lineage {
  return placed(path, name, 'token');
}

/** The run of a path of names, which begins at a root of the principal's. */
export function namedPath(principal: Principal, names: readonly string[], source: RunSource): Lineage {
  const path = names.map((_, index) => runId(principal, names.slice(0, index + 1)));
  return placed(path, names.at(-1) as string, source);
}

/** The run of a hint. */
export function hinted(principal: Principal, { session, agent, parent }: Hint): Lineage {
  const root = runId(principal, [session]);
  if (agent === undefined) return placed([root], session, 'hint');
  const id = runId(principal, [session, agent]);
  if (parent === undefined) return placed([root, id], agent, 'hint');
  return { id, root, parent: runId(principal, [session, parent]), name: agent, source: 'hint', path: undefined };
}

/** The run of an agent that a tool's call names: where it stands below its session only the store knows. */
export function placedAt(principal: Principal, { session, agent }: NamedPlace): Lineage {
  const root = runId(principal, [session]);
  if (agent === undefined) return placed([root], session, 'hint');
  const id = runId(principal, [session, agent]);
  return { id, root, parent: undefined, name: agent, source: 'hint', path: undefined };
}

const ownRuns = new WeakMap<Principal, Lineage>();

function ownRun(principal: Principal): Lineage {
  const known = ownRuns.get(principal);
  if (known) return known;
  const made = placed([runId(principal, [])], '', 'principal');
  ownRuns.set(principal, made);
  return made;
}

function placed(path: readonly RunId[], name: string, source: RunSource): Lineage {
  return { id: path.at(-1) as RunId, root: path[0] as RunId, parent: path.at(-2), name, source, path };
}

/** 96 bits of a hash over the principal and names, none of which has a line break. */
export function runId(principal: Principal, names: readonly string[]): RunId {
  return `run_${hash('sha256', [principal.id, ...names].join('\n'), 'hex').slice(0, 24)}` as RunId;
}
