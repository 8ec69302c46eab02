// What is told of a tree: which state each run is in, what stops it, and what it and all below it used. Pure.
import type { RunId } from '../core/ids.ts';
import { labelsOf, type RunRecord, type RunState, type Stop, type TreeFacts } from '../core/run.ts';
import { RANK } from './standing.ts';

/** What runs used. */
export interface Totals {
  /** Runs that are counted together. */
  readonly runs: number;
  readonly steps: number;
  /** By action. */
  readonly calls: Readonly<Record<string, number>>;
  readonly tokens: number;
  /** Micro-USD. */
  readonly money: number;
  readonly errors: number;
}

/** A stop that binds a run, and where it was set: on a run, on the tenant (`*`, `agent:NAME`), or on everything (`everything`). */
export interface BindingStop {
  readonly on: { readonly run: RunId } | { readonly scope: string };
  readonly stop: Stop;
}

/** A run as people see it. */
export interface SeenRun {
  readonly record: RunRecord;
  readonly state: RunState;
  /** What stops it, the strongest first. */
  readonly stops: readonly BindingStop[];
  readonly labels: readonly string[];
  /** Of the run itself. */
  readonly own: Totals;
  /** Of the run and all below it. */
  readonly all: Totals;
}

const NOTHING: Totals = Object.freeze({ runs: 0, steps: 0, calls: Object.freeze({}), tokens: 0, money: 0, errors: 0 });

/** Every stop that binds a run, the strongest first, of equals the nearest. One of a run above has the cause `parent`. */
export function stopsOf(
  run: Pick<RunRecord, 'id' | 'path' | 'agent'>,
  facts: TreeFacts,
  everything: Stop | undefined,
): readonly BindingStop[] {
  const found: BindingStop[] = [];
  for (const id of run.path.toReversed()) {
    const stop = facts.stops.get(id);
    if (stop) found.push({ on: { run: id }, stop: id === run.id ? stop : { ...stop, cause: 'parent' } });
  }
  for (const scope of [`agent:${run.agent}`, '*']) {
    const stop = facts.tenantStops.get(scope);
    if (stop) found.push({ on: { scope }, stop });
  }
  if (everything) found.push({ on: { scope: 'everything' }, stop: everything });
  return found.sort((one, other) => RANK[other.stop.state] - RANK[one.stop.state]);
}

/** Whether one stop leaves less than the other, which may then not take its place. */
export function outranks(one: Pick<Stop, 'state'>, other: Pick<Stop, 'state'>): boolean {
  return RANK[one.state] > RANK[other.state];
}

/** What a run may do: what the strongest of its stops leaves. An idle run is live. */
export function stateOf([strongest]: readonly BindingStop[]): RunState {
  return strongest?.stop.state ?? 'live';
}

export function ownTotals({ steps, calls, tokens, money, errors }: RunRecord): Totals {
  return { runs: 1, steps, calls, tokens, money, errors };
}

/** What each run of a tree and all below it used. `runs` has parents before their children. */
export function treeTotals(runs: readonly RunRecord[]): ReadonlyMap<RunId, Totals> {
  const sums = new Map<RunId, Sum>();
  for (const run of runs) sums.set(run.id, sumOf(run));
  for (const { id, parent } of runs.toReversed()) {
    const above = parent === undefined ? undefined : sums.get(parent);
    if (above) addTo(above, sums.get(id) as Sum);
  }
  return sums;
}

/** A tree as the store tells of it, and what stops everything. */
export interface ToldTree {
  /** Parents before their children. */
  readonly runs: readonly RunRecord[];
  readonly facts: TreeFacts;
  readonly everything: Stop | undefined;
}

/** The runs of a tree, or the run `below` and those under it, as people see them; parents before their children. */
export function seenTree({ runs, facts, everything }: ToldTree, below?: RunId): readonly SeenRun[] {
  const totals = treeTotals(runs);
  const shown = below === undefined ? runs : runs.filter(({ path }) => path.includes(below));
  return shown.map((record) => {
    const stops = stopsOf(record, facts, everything);
    return {
      record,
      state: stateOf(stops),
      stops,
      labels: labelsOf({ tree: facts, path: record.path }),
      own: ownTotals(record),
      all: totals.get(record.id) ?? NOTHING,
    };
  });
}

type Sum = { -readonly [Name in keyof Totals]: Name extends 'calls' ? Record<string, number> : Totals[Name] };

function sumOf(run: RunRecord): Sum {
  return { ...ownTotals(run), calls: { ...run.calls } };
}

function addTo(sum: Sum, more: Totals): void {
  sum.runs += more.runs;
  sum.steps += more.steps;
  sum.tokens += more.tokens;
  sum.money += more.money;
  sum.errors += more.errors;
  for (const [action, count] of Object.entries(more.calls)) sum.calls[action] = (sum.calls[action] ?? 0) + count;
}
