import type { RunId } from './ids.ts';

/** What a run may do: begin calls (`live`), have them wait (`paused`), end those under way (`draining`), nothing. */
export type RunState = 'live' | 'paused' | 'draining' | 'killed' | 'done';

/**
 * Where a run's place in its tree comes from, strongest first: a token that Waygate made, claims of the agent's own token,
 * the header `Waygate-Run`, what a client sends by itself, or nothing but who calls.
 */
export type RunSource = 'token' | 'claims' | 'header' | 'hint' | 'principal';

/** A node in the tree of work that a call belongs to. */
export interface Run {
  readonly id: RunId;
  /** The top of its tree; itself for a root. */
  readonly root: RunId;
  readonly parent: RunId | undefined;
  /** 0 for a root. */
  readonly depth: number;
  /** From the root down to this run, both included: what binds one of them binds this run. */
  readonly path: readonly RunId[];
  /** What the client calls it, for people: a session, an agent. Empty where it has no name. */
  readonly name: string;
  readonly source: RunSource;
  /** The agent that it is for, where that is not who calls: of a run that another one begins. */
  readonly agent?: string;
  /** What was known of its tree when the call was judged. */
  readonly tree: TreeFacts;
}

/** What stops runs, who said so, and why. `parent` stops are told of children of a stopped run alone. */
export interface Stop {
  readonly state: Exclude<RunState, 'live'>;
  readonly cause: 'person' | 'policy' | 'parent';
  /** Who: a subject, or the id of a rule. */
  readonly by: string;
  readonly because: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What decisions read of a tree. A snapshot: a newer one takes its place whenever the store tells of a change. */
export interface TreeFacts {
  /** Counts the changes of labels and stops in the tree; 0 for one that the store does not know yet. */
  readonly revision: number;
  /** Counts the changes of the tenant's stops. */
  readonly tenantRevision: number;
  /** When its first call was admitted, in milliseconds since the epoch; undefined for a new tree. */
  readonly bornMs: number | undefined;
  /** `label` where the whole tree carries it, `label@run_…` where that run and those below it do. */
  readonly labels: ReadonlySet<string>;
  /** By run: it stops that run and all below it. */
  readonly stops: ReadonlyMap<RunId, Stop>;
  /** Stops of the tenant: `*` for all of it, `agent:NAME` for an agent. */
  readonly tenantStops: ReadonlyMap<string, Stop>;
  /** Counters of the whole tree that policies read: `steps`, `errors`, `spent` (micro-USD), `calls:PATTERN`. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Of a tree that nobody has seen. */
export const NEW_TREE: TreeFacts = Object.freeze({
  revision: 0,
  tenantRevision: 0,
  bornMs: undefined,
  labels: new Set<string>(),
  stops: new Map<RunId, Stop>(),
  tenantStops: new Map<string, Stop>(),
  counts: new Map<string, number>(),
});

/** Of a tree that the store was asked for and did not tell of. */
export const UNHEARD_TREE: TreeFacts = Object.freeze({ ...NEW_TREE });

/** A run as the store keeps it, with its own totals; those of the runs below it come on top. */
export interface RunRecord {
  readonly id: RunId;
  readonly root: RunId;
  readonly parent: RunId | undefined;
  readonly path: readonly RunId[];
  readonly depth: number;
  readonly name: string;
  readonly source: RunSource;
  /** Agent and subject of the principal whose call was its first. */
  readonly agent: string;
  readonly subject: string;
  readonly bornMs: number;
  readonly lastMs: number;
  /** Admitted calls, all of them and by action. */
  readonly steps: number;
  readonly calls: Readonly<Record<string, number>>;
  readonly tokens: number;
  /** Micro-USD. */
  readonly money: number;
  /** Calls that ended in an error, of the upstream or of the tool. */
  readonly errors: number;
}

/** A range that a counter of the tree must lie in for a decision to stand: `atLeast` ≤ value < `below`. */
export interface CountRange {
  readonly name: string;
  readonly atLeast: number;
  readonly below: number;
}

/** The labels that a run carries: those of its tree, and those of the runs above it and its own. */
export function labelsOf({ tree, path }: Pick<Run, 'tree' | 'path'>): readonly string[] {
  const labels: string[] = [];
  for (const label of tree.labels) {
    const at = label.indexOf('@');
    if (at < 0) labels.push(label);
    else if (path.includes(label.slice(at + 1) as RunId)) labels.push(label.slice(0, at));
  }
  return labels;
}
