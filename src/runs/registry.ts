/**
 * Stage 4: which run a call belongs to, and whether that may go on. Knows the runs that this process has seen and what was
 * last heard of their trees; the admission finds out where that is no longer so.
 *
 * INVARIANT: a kill that the store has acknowledged cuts the calls under way here within `WATCH_MS` and the store's answer.
 */
import { LRUCache } from 'lru-cache';
import type { RunId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import { Roster, type Seat } from '../core/roster.ts';
import { NEW_TREE, type Run, type Stop, type TreeFacts, UNHEARD_TREE } from '../core/run.ts';
import type { TreeMoved } from '../core/tree-moved.ts';
import { Flight } from './flight.ts';
import type { Lineage } from './lineage.ts';
import { standingOf, stopped } from './standing.ts';
import type { RunStore } from './store.ts';

/** What was last heard of a tree. */
interface Tree {
  facts: TreeFacts;
}

const RUNS_MAX = 50_000;
const TREES_MAX = 20_000;
/** How often the trees with calls under way are looked at; those of runs that are followed, each fourth time. */
export const WATCH_MS = 500;
const FOLLOWED_EACH = 4;

export interface RegistrySource {
  readonly store: RunStore;
  readonly schedule: { every(ms: number, task: () => void): () => void };
  /** Told where the trees with calls under way could not be looked at. */
  readonly onFailure: (cause: unknown) => void;
}

export class Registry {
  readonly #store: RunStore;
  readonly #onFailure: (cause: unknown) => void;
  readonly #runs = new LRUCache<RunId, Run>({ max: RUNS_MAX });
  readonly #trees = new LRUCache<RunId, Tree>({ max: TREES_MAX });
  readonly #flights = new Roster<Flight>();
  readonly #waits = new Roster<Waiting>();
  readonly #followed = new Roster<Followed>();
  readonly #stop: () => void;
  #looks = 0;
  #everything: Stop | undefined;
  #watching: Promise<void> | undefined;

  constructor({ store, schedule, onFailure }: RegistrySource) {
    this.#store = store;
    this.#onFailure = onFailure;
    this.#stop = schedule.every(WATCH_MS, () => void this.watch());
  }

  /**
   * The run of a lineage, with what is known of its tree; a promise for one not seen before. A new run that says its whole
   * path in a tree that is known is asked nobody about: its admission tells where that is no longer so.
   */
  find({ tenant }: Pick<Principal, 'tenant'>, lineage: Lineage): Run | Promise<Run> {
    const facts = this.#trees.get(lineage.root)?.facts;
    // Forgotten here, or never heard of: when it began only the store can tell.
    if (!facts || facts === NEW_TREE) return this.#open(tenant, lineage);
    const known = this.#runs.get(lineage.id) ?? (lineage.path && placed(lineage, lineage.path));
    if (!known) return this.#open(tenant, lineage);
    if (known.tree === facts) return known;
    const run = { ...known, tree: facts };
    this.#runs.set(run.id, run);
    return run;
  }

  /** The same run with what was heard of its tree since it was judged. */
  learned(run: Run, { tree: facts, judged }: Pick<TreeMoved, 'tree' | 'judged'>): Run {
    const tree = this.#treeOf(run.root);
    // Asked with what is known still, and not answered with more: the store has lost it, and says what holds from now on.
    if (tree.facts === judged) tree.facts = facts;
    else this.#learn(tree, facts);
    return { ...run, tree: tree.facts };
  }

  /** The first call of a tree was admitted. */
  born({ root }: Run, atMs: number): void {
    const tree = this.#treeOf(root);
    // Where the store did not tell of it, the tree may be older than this call.
    if (tree.facts === NEW_TREE) return;
    if (tree.facts.bornMs === undefined) tree.facts = { ...tree.facts, bornMs: atMs };
  }

  /** A call of a run is under way, until it leaves. */
  enter(run: Run, principal: Principal): Flight {
    const flight = new Flight(run, principal);
    flight.sits(this.#flights.enter(flight));
    // A stop may have been heard between the admission and now.
    this.#cut(flight);
    return flight;
  }

  /** What stops a run now; undefined where it may go on. */
  standing(run: Run, principal: Principal): ReturnType<typeof standingOf> {
    return standingOf(run, principal, this.#everything);
  }

  /** Resolves with the run when something of its tree has changed, or the time is over. */
  changed(run: Run, { principal, waitMs, onLeft }: Waits): Promise<Run> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const seat = this.#waits.enter({ run, principal, wake: resolve });
    const timer = setTimeout(resolve, waitMs);
    onLeft(resolve);
    return promise.then(() => {
      seat.leave();
      clearTimeout(timer);
      return { ...run, tree: this.#treeOf(run.root).facts };
    });
  }

  /** Says once when a run has been killed or has ended for good, itself or one above it, as long as the seat is kept. */
  follow(tenant: string, run: Pick<Run, 'root' | 'path'>, onEnd: () => void): Seat {
    const followed: Followed = { tenant, run, end: () => {} };
    const seat = this.#followed.enter(followed);
    followed.end = () => {
      seat.leave();
      onEnd();
    };
    return seat;
  }

  /** Looks at the trees of calls under way, and at what stops everything. Cuts off what was killed. */
  watch(): Promise<void> {
    this.#watching ??= this.#look()
      .catch(this.#onFailure)
      .finally(() => (this.#watching = undefined));
    return this.#watching;
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    const before = this.#everything;
    const tenants = new Map<string, Map<RunId, TreeFacts>>();
    const lookAt = (tenant: string, root: RunId): void => {
      const trees = tenants.get(tenant) ?? new Map<RunId, TreeFacts>();
      tenants.set(tenant, trees.set(root, this.#treeOf(root).facts));
    };
    for (const { run, principal } of [...this.#flights.members(), ...this.#waits.members()])
      lookAt(principal.tenant, run.root);
    const followed = this.#looks % FOLLOWED_EACH === 0 ? this.#followed.members() : [];
    for (const { tenant, run } of followed) lookAt(tenant, run.root);
    this.#looks += 1;
    // One tenant's part of the store may be gone while the others' answers.
    const looks = [...tenants].map(([tenant, known]) => this.#lookAt(tenant, known));
    const ends = await Promise.allSettled([this.#lookAtAll(), ...looks]);
    for (const flight of this.#flights.members()) this.#cut(flight);
    for (const { run, wake } of this.#waits.members()) {
      if (this.#everything !== before || this.#treeOf(run.root).facts !== run.tree) wake();
    }
    for (const { run, end } of followed) {
      const { stops } = this.#treeOf(run.root).facts;
      if (run.path.some((id) => hasEnded(stops.get(id)))) end();
    }
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #lookAt(tenant: string, known: ReadonlyMap<RunId, TreeFacts>): Promise<void> {
    for (const [root, facts] of await this.#store.changes(tenant, known)) this.#learn(this.#treeOf(root), facts);
  }

  async #lookAtAll(): Promise<void> {
    const stop = await this.#store.everything();
    // Kept as it was where it says the same, so that nobody is woken for it.
    if (stop?.state !== this.#everything?.state || stop?.atMs !== this.#everything?.atMs) this.#everything = stop;
  }

  #cut(flight: Flight): void {
    const { run, principal } = flight;
    const tree = this.#treeOf(run.root).facts;
    const standing = standingOf({ path: run.path, tree }, principal, this.#everything);
    if (standing && cuts(standing.stop)) flight.cutOff(stopped(standing));
  }

  async #open(tenant: string, lineage: Lineage): Promise<Run> {
    const { id, root, parent } = lineage;
    const opened = await this.#store.open(tenant, { id, root, parent }).catch(() => undefined);
    // A parent that nobody has seen is taken for a child of the root, and not for a run.
    const place = placed(lineage, lineage.path ?? opened?.path ?? [root, id]);
    // What needs no ledger, or has a local mode, may go on all the same.
    if (!opened) return { ...place, tree: UNHEARD_TREE };
    const tree = this.#treeOf(root);
    this.#learn(tree, opened.tree);
    const run = { ...place, tree: tree.facts };
    this.#runs.set(id, run);
    return run;
  }

  #treeOf(root: RunId): Tree {
    const known = this.#trees.get(root);
    if (known) return known;
    const tree = { facts: NEW_TREE };
    this.#trees.set(root, tree);
    return tree;
  }

  // Answers overtake each other; both revisions only grow.
  #learn(tree: Tree, facts: TreeFacts): void {
    const { revision, tenantRevision, bornMs } = tree.facts;
    if (facts.revision < revision || facts.tenantRevision < tenantRevision) return;
    tree.facts = facts.bornMs === undefined && bornMs !== undefined ? { ...facts, bornMs } : facts;
  }
}

function placed({ id, root, name, source }: Lineage, path: readonly RunId[]): Run {
  return { id, root, parent: path.at(-2), depth: path.length - 1, path, name, source, tree: NEW_TREE };
}

export interface Waits {
  readonly principal: Principal;
  readonly waitMs: number;
  readonly onLeft: (leave: () => void) => void;
}

interface Followed {
  readonly tenant: string;
  readonly run: Pick<Run, 'root' | 'path'>;
  end: () => void;
}

/** What is paused or drained may go on one day. */
function hasEnded(stop: Stop | undefined): boolean {
  return stop?.state === 'killed' || stop?.state === 'done';
}

interface Waiting {
  readonly run: Run;
  readonly principal: Principal;
  readonly wake: () => void;
}

/** Whether a stop ends the calls under way too: a kill does, and an end that somebody asked for; not one for idleness. */
function cuts({ state, cause }: Stop): boolean {
  return state === 'killed' || (state === 'done' && cause === 'person');
}
