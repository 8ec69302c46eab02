/**
 * Runs in this process's memory, beside its ledger.
 * INVARIANT: it answers the same history as the runs in Redis do (test/runs/contract.ts, test/limits/store.equal.test.ts).
 */
import type { RunId } from '../core/ids.ts';
import type { RunAdmission, RunBook, RunSettlement } from '../core/run-book.ts';
import { NEW_TREE, type RunRecord, type Stop, type TreeFacts } from '../core/run.ts';
import { EVERYTHING, type Opened, type RunStore, type StopTarget } from './store.ts';

type Counted = { -readonly [Key in keyof RunRecord]: RunRecord[Key] } & { calls: Record<string, number> };

interface Tree {
  facts: TreeFacts;
  readonly counts: Map<string, number>;
  readonly runs: Map<RunId, Counted>;
  movedMs: number;
  lastMs: number;
}

/** How often a tree in use is put behind the others. */
const MOVED_MS = 60_000;
/** Runs and trees that nobody has called in for so long are forgotten, the oldest trees first. */
const KEPT_MS = 30 * 86_400_000;
const NOBODY = new Map<string, Stop>();

export interface MemoryRuns extends RunStore {
  /** The runs of a tenant, for the ledger. */
  bookOf(tenant: string): RunBook;
}

export function memoryRuns(): MemoryRuns {
  const tenants = new Map<string, TenantRuns>();
  const of = (name: string): TenantRuns => {
    const known = tenants.get(name) ?? new TenantRuns();
    tenants.set(name, known);
    return known;
  };
  return {
    bookOf: of,
    open: async (tenant, run) => of(tenant).open(run),
    changes: async (tenant, known) => of(tenant).changes(known),
    stop: async (target, stop) => of(target.tenant).stop(target, stop),
    everything: async () => of(EVERYTHING).tenantStop(),
    run: async (tenant, id) => of(tenant).record(id),
    tree: async (tenant, root) => of(tenant).tree(root),
    roots: async (tenant, { from, count }) =>
      of(tenant)
        .roots()
        .slice(from, from + count),
    tenants: async () => [...tenants.keys()].filter((name) => name !== EVERYTHING),
  };
}

class TenantRuns implements RunBook {
  readonly #trees = new Map<RunId, Tree>();
  readonly #rootOf = new Map<RunId, RunId>();
  #stops: ReadonlyMap<string, Stop> = NOBODY;
  #revision = 0;

  isBorn(run: RunId): boolean {
    return this.#rootOf.has(run);
  }

  moved({ run, counts, idle }: RunAdmission, nowMs: number): TreeFacts | undefined {
    const tree = this.#trees.get(run.root);
    if (tree && idle && nowMs - tree.lastMs >= idle.ms && !tree.facts.stops.has(run.root)) {
      this.#change(tree, { stops: changedStops(tree.facts.stops, run.root, idle.stop) });
    }
    const { revision, tenantRevision } = run.tree;
    const isKnown = revision === (tree?.facts.revision ?? 0) && tenantRevision === this.#revision;
    const isWithin = counts.every(({ name, atLeast, below }) => {
      const value = tree?.counts.get(name) ?? 0;
      return value >= atLeast && value < below;
    });
    return (isKnown || revision < 0) && isWithin ? undefined : this.#factsOf(tree);
  }

  enter(admission: RunAdmission, nowMs: number): void {
    const { run, action, labels, adds } = admission;
    const tree = this.#trees.get(run.root) ?? this.#plant(run.root, nowMs);
    const record = tree.runs.get(run.id) ?? this.#bear(tree, admission, nowMs);
    record.steps += 1;
    record.calls[action] = (record.calls[action] ?? 0) + 1;
    record.lastMs = nowMs;
    tree.lastMs = nowMs;
    for (const name of ['steps', ...adds]) add(tree.counts, name, 1);
    const added = labels.filter((label) => !tree.facts.labels.has(label));
    if (added.length > 0) this.#change(tree, { labels: new Set([...tree.facts.labels, ...added]) });
  }

  settle({ run }: RunAdmission, { charge, isError }: RunSettlement, atMs: number): void {
    const tree = this.#trees.get(run.root);
    const record = tree?.runs.get(run.id);
    if (!tree || !record) return;
    record.tokens += charge.tokens;
    record.money += charge.money;
    record.errors += isError ? 1 : 0;
    record.lastMs = Math.max(record.lastMs, atMs);
    tree.lastMs = Math.max(tree.lastMs, atMs);
    if (charge.money > 0) add(tree.counts, 'spent', charge.money);
    if (isError) add(tree.counts, 'errors', 1);
    // The oldest stand first, so that they are forgotten first.
    if (atMs - tree.movedMs < MOVED_MS) return;
    tree.movedMs = atMs;
    this.#trees.delete(run.root);
    this.#trees.set(run.root, tree);
    this.#forgetRuns(run.root, tree, atMs);
    this.#tidy(atMs);
  }

  open({ id, root, parent }: { readonly id: RunId; readonly root: RunId; readonly parent: RunId | undefined }): Opened {
    const tree = this.#trees.get(root);
    const own = tree?.runs.get(id)?.path;
    const above = parent === undefined ? undefined : tree?.runs.get(parent)?.path;
    return { path: own ?? (above && [...above, id]), tree: this.#factsOf(tree) };
  }

  changes(known: ReadonlyMap<RunId, Pick<TreeFacts, 'revision' | 'tenantRevision'>>): ReadonlyMap<RunId, TreeFacts> {
    const changed = new Map<RunId, TreeFacts>();
    for (const [root, { revision, tenantRevision }] of known) {
      const facts = this.#factsOf(this.#trees.get(root));
      if (facts.revision !== revision || facts.tenantRevision !== tenantRevision) changed.set(root, facts);
    }
    return changed;
  }

  stop(target: StopTarget, stop: Stop | undefined): boolean {
    if ('scope' in target) {
      this.#stops = changedStops(this.#stops, target.scope, stop);
      this.#revision += 1;
      return true;
    }
    const tree = this.#trees.get(target.root);
    if (!tree?.runs.has(target.run)) return false;
    const before = tree.facts.stops.get(target.run)?.state;
    if (before === 'killed') return stop?.state === 'killed';
    if (before === 'done' && stop?.state !== 'killed') return false;
    this.#change(tree, { stops: changedStops(tree.facts.stops, target.run, stop) });
    return true;
  }

  tenantStop(): Stop | undefined {
    return this.#stops.get('*');
  }

  record(id: RunId): RunRecord | undefined {
    const found = this.#trees.get(this.#rootOf.get(id) as RunId)?.runs.get(id);
    return found && copy(found);
  }

  tree(root: RunId): { readonly runs: readonly RunRecord[]; readonly facts: TreeFacts } {
    const tree = this.#trees.get(root);
    const runs = [...(tree?.runs.values() ?? [])]
      .map(copy)
      .sort((one, other) => one.depth - other.depth || one.bornMs - other.bornMs);
    return { runs, facts: this.#factsOf(tree) };
  }

  roots(): readonly RunRecord[] {
    const roots = [...this.#trees].flatMap(([root, { runs }]) => runs.get(root) ?? []);
    return roots.map(copy).sort((one, other) => other.lastMs - one.lastMs);
  }

  #factsOf(tree: Tree | undefined): TreeFacts {
    const tenant = { tenantRevision: this.#revision, tenantStops: this.#stops };
    if (!tree) return { ...NEW_TREE, ...tenant };
    return { ...tree.facts, ...tenant, counts: new Map(tree.counts) };
  }

  #plant(root: RunId, bornMs: number): Tree {
    const tree = {
      facts: { ...NEW_TREE, bornMs },
      counts: new Map<string, number>(),
      runs: new Map<RunId, Counted>(),
      movedMs: bornMs,
      lastMs: bornMs,
    };
    this.#trees.set(root, tree);
    return tree;
  }

  #bear(tree: Tree, { run, agent, subject }: RunAdmission, bornMs: number): Counted {
    const { id, root, parent, path, depth, name, source } = run;
    const totals = { steps: 0, calls: {}, tokens: 0, money: 0, errors: 0 };
    const record = { id, root, parent, path, depth, name, source, agent, subject, bornMs, lastMs: bornMs, ...totals };
    tree.runs.set(id, record);
    this.#rootOf.set(id, root);
    return record;
  }

  #change(tree: Tree, change: Partial<TreeFacts>): void {
    tree.facts = { ...tree.facts, ...change, revision: tree.facts.revision + 1 };
  }

  /** A tree may be in use for ever, while runs in it come and go. */
  #forgetRuns(root: RunId, { runs }: Tree, nowMs: number): void {
    for (const [id, { lastMs }] of runs) {
      if (id === root || lastMs > nowMs - KEPT_MS) continue;
      runs.delete(id);
      this.#rootOf.delete(id);
    }
  }

  #tidy(nowMs: number): void {
    for (const [root, { runs, lastMs }] of this.#trees) {
      if (lastMs > nowMs - KEPT_MS) return;
      this.#trees.delete(root);
      for (const id of runs.keys()) this.#rootOf.delete(id);
    }
  }
}

function add(counts: Map<string, number>, name: string, amount: number): void {
  counts.set(name, (counts.get(name) ?? 0) + amount);
}

function changedStops<Key>(stops: ReadonlyMap<Key, Stop>, key: Key, stop: Stop | undefined): ReadonlyMap<Key, Stop> {
  const changed = new Map(stops);
  if (stop) changed.set(key, stop);
  else changed.delete(key);
  return changed;
}

function copy(record: Counted): RunRecord {
  return { ...record, calls: { ...record.calls } };
}
