// One topic of the feed: reads it once in a while, compares with what it read before, and tells its listeners.
import type { Clock } from '../core/clock.ts';
import type { RunId } from '../core/ids.ts';
import type { RunState } from '../core/run.ts';
import type { RunStore } from '../runs/store.ts';
import { type SeenRun, seenTree, type Totals } from '../runs/tree-totals.ts';

/** What is listened to: the trees of a tenant that were active last, or one tree. */
export interface Topic {
  readonly tenant: string;
  readonly root: RunId | undefined;
}

export type FeedEvent =
  /** From now on changes are told: what is listed after this misses nothing. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'begun' | 'state' | 'totals'; readonly run: SeenRun }
  /** The store did not answer; what has changed is told once it does. */
  | { readonly kind: 'unavailable' };

export type Listener = (events: readonly FeedEvent[]) => void;

export interface FollowSource {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly everyMs: number;
}

const TREES = 20;
/** Runs that one reading looks at; the trees after those wait for the next. */
const RUNS_PER_READING = 5_000;

/** What of a run was told last. */
interface Told {
  readonly state: RunState;
  readonly totals: string;
}

export class Following {
  readonly #topic: Topic;
  readonly #source: FollowSource;
  readonly #sinceMs: number;
  readonly #listeners = new Set<Listener>();
  readonly #told = new Map<RunId, ReadonlyMap<RunId, Told>>();
  #isReady = false;
  #isDown = false;
  /** Of the trees, the one that the next reading begins with. */
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(topic: Topic, source: FollowSource) {
    this.#topic = topic;
    this.#source = source;
    this.#sinceMs = source.clock.now();
    void this.#read();
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#isReady) listener([{ kind: 'ready' }]);
  }

  /** False where it did not listen. The last one to go ends the readings. */
  remove(listener: Listener): boolean {
    const did = this.#listeners.delete(listener);
    if (this.isIdle) clearTimeout(this.#timer);
    return did;
  }

  /** Never rejects; reads again after a while, as long as somebody listens. */
  async #read(): Promise<void> {
    const events = await this.#changes().catch((): readonly FeedEvent[] => {
      const wasDown = this.#isDown;
      this.#isDown = true;
      return wasDown ? [] : [{ kind: 'unavailable' }];
    });
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
    if (this.isIdle) return;
    this.#timer = setTimeout(() => void this.#read(), this.#source.everyMs);
    this.#timer.unref();
  }

  async #changes(): Promise<readonly FeedEvent[]> {
    const { tenant } = this.#topic;
    const [roots, everything] = await Promise.all([this.#roots(), this.#source.store.everything()]);
    const events: FeedEvent[] = [];
    let looked = 0;
    for (const [index, root] of [...roots.slice(this.#next), ...roots.slice(0, this.#next)].entries()) {
      if (looked >= RUNS_PER_READING) {
        this.#next = (this.#next + index) % roots.length;
        break;
      }
      const seen = seenTree({ ...(await this.#source.store.tree(tenant, root)), everything });
      looked += seen.length;
      events.push(...this.#compare(root, seen));
    }
    if (looked < RUNS_PER_READING) this.#next = 0;
    this.#isDown = false;
    for (const root of this.#told.keys()) if (!roots.includes(root)) this.#told.delete(root);
    if (this.#isReady) return events;
    this.#isReady = true;
    return [{ kind: 'ready' }];
  }

  async #roots(): Promise<readonly RunId[]> {
    const { tenant, root } = this.#topic;
    if (root !== undefined) return [root];
    return (await this.#source.store.roots(tenant, { from: 0, count: TREES })).map(({ id }) => id);
  }

  #compare(root: RunId, seen: readonly SeenRun[]): readonly FeedEvent[] {
    const before = this.#told.get(root);
    this.#told.set(root, new Map(seen.map(({ record: { id }, state, all }) => [id, { state, totals: textOf(all) }])));
    const [first] = seen;
    if (first === undefined) return [];
    // Not among the trees of the reading before: begun since, or active again.
    if (!before && first.record.bornMs < this.#sinceMs) return [{ kind: 'totals', run: first }];
    return seen.flatMap((run): FeedEvent[] => {
      const told = before?.get(run.record.id);
      if (!told) return [{ kind: 'begun', run }];
      if (told.state !== run.state) return [{ kind: 'state', run }];
      return told.totals === textOf(run.all) ? [] : [{ kind: 'totals', run }];
    });
  }
}

function textOf({ runs, steps, tokens, money, errors }: Totals): string {
  return [runs, steps, tokens, money, errors].join(' ');
}
