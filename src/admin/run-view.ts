// A run as the operators' API tells of it. Operators, the console and the command line read this shape.
import type { RunId } from '../core/ids.ts';
import type { RunSource, RunState, Stop } from '../core/run.ts';
import type { BindingStop, SeenRun, Totals } from '../runs/tree-totals.ts';

export interface RunView {
  readonly id: RunId;
  readonly tenant: string;
  readonly root: RunId;
  readonly parent: RunId | null;
  readonly depth: number;
  readonly name: string;
  readonly source: RunSource;
  readonly agent: string;
  readonly subject: string;
  readonly state: RunState;
  /** The strongest first. */
  readonly stops: readonly StopView[];
  readonly labels: readonly string[];
  /** First and last activity, ISO 8601. */
  readonly born: string;
  readonly last: string;
  /** Of the run itself; money in micro-USD. */
  readonly own: Totals;
  /** Of the run and all below it. */
  readonly all: Totals;
}

/** On a run, or on a scope of the tenant. */
export interface StopView extends Omit<Stop, 'atMs'> {
  readonly run?: RunId;
  readonly scope?: string;
  /** ISO 8601. */
  readonly at: string;
}

export function runView(tenant: string, { record, ...seen }: SeenRun): RunView {
  const { id, root, parent, depth, name, source, agent, subject } = record;
  return {
    id,
    tenant,
    root,
    parent: parent ?? null,
    depth,
    name,
    source,
    agent,
    subject,
    state: seen.state,
    stops: seen.stops.map(stopView),
    labels: seen.labels,
    born: new Date(record.bornMs).toISOString(),
    last: new Date(record.lastMs).toISOString(),
    own: seen.own,
    all: seen.all,
  };
}

export function stopView({ on, stop: { atMs, ...stop } }: BindingStop): StopView {
  return { ...on, ...stop, at: new Date(atMs).toISOString() };
}
