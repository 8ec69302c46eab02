// A Redis that may drop keys when its memory is full: a dropped counter is a budget begun anew.
import type { RedisClient } from './redis.ts';
import type { Schedule } from './schedule.ts';

/** Throws an `Error` for the operator where one of the nodes may drop keys. */
export function assertNoEviction(nodes: readonly Evictions[]): void {
  const policy = evicting(nodes);
  if (policy === undefined) return;
  throw new Error(
    `redis may evict ledgers: its maxmemory-policy is \`${policy}\`; ` +
      'set `maxmemory-policy noeviction`, or give waygate a redis of its own',
  );
}

/** How one node that takes writes deals with full memory. */
export interface Evictions {
  readonly node: string;
  /** `maxmemory-policy` */
  readonly policy: string;
  /** Keys that it has dropped since it was started. */
  readonly evicted: number;
}

export interface EvictionWatchSource {
  readonly client: Pick<RedisClient, 'evictions' | 'closeLedgers'>;
  readonly schedule: Schedule;
  /** Told where the state changes: the policy that may drop keys, `evicted` where some were, undefined when all is well. */
  readonly onChange: (state: string | undefined) => void;
}

const LOOK_MS = 5_000;

/**
 * Looks every five seconds whether Redis was told to evict while it runs. As long as it may, nothing is admitted; once it has
 * dropped keys, nobody knows which, every tenant is closed until it is rebuilt.
 */
export class EvictionWatch {
  readonly #source: EvictionWatchSource;
  readonly #evicted = new Map<string, number>();
  readonly #stop: () => void;
  #state: string | undefined;

  constructor(source: EvictionWatchSource) {
    this.#source = source;
    this.#stop = source.schedule.every(LOOK_MS, () => void this.look());
  }

  /** Why Redis is not to be believed; undefined where it is. */
  get state(): string | undefined {
    return this.#state;
  }

  /** Never rejects: where Redis does not answer, what was known stands. */
  async look(): Promise<void> {
    const { client } = this.#source;
    try {
      const nodes = await client.evictions();
      const dropped = nodes.filter((node) => this.#hasDropped(node));
      if (dropped.length > 0) {
        this.#become('evicted');
        await client.closeLedgers();
      }
      for (const { node, evicted } of nodes) this.#evicted.set(node, evicted);
      this.#become(evicting(nodes));
    } catch {
      // The next look tries again.
    }
  }

  stop(): void {
    this.#stop();
  }

  #hasDropped({ node, evicted }: Evictions): boolean {
    const before = this.#evicted.get(node) ?? evicted;
    // A server that was started anew counts from zero.
    return evicted > (evicted < before ? 0 : before);
  }

  #become(state: string | undefined): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#source.onChange(state);
  }
}

function evicting(nodes: readonly Evictions[]): string | undefined {
  return nodes.find(({ policy }) => policy !== 'noeviction')?.policy;
}
