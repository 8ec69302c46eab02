// The tools that models' answers ask for, joined to the calls that carry them out.
// INVARIANT: what a principal's models asked for is found by that principal alone.
// INVARIANT: nothing here makes a request wait but a question that this process alone cannot answer.
import { LRUCache } from 'lru-cache';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import type { RunId } from '../core/ids.ts';
import { Roster, type Seat } from '../core/roster.ts';
import type { ToolAsk, ToolUse } from '../core/tool-traffic.ts';
import type { CarriedOut, MemoryUses, UseStore } from './tool-use.ts';

export interface ToolUsesOptions {
  readonly clock: Clock;
  /** What this process has seen. */
  readonly own: MemoryUses;
  /** What other replicas have seen; undefined for a gateway alone. */
  readonly shared: UseStore | undefined;
  /** Told of each question that the shared store did not answer. */
  readonly onError: (cause: unknown) => void;
}

/** Of a principal whose calls nobody asked for here: so many are looked for in vain, then none for a while. */
const MISSES_MAX = 3;
const MISSED_MS = 10_000;
const PRINCIPALS_MAX = 10_000;
const NONE: readonly ToolAsk[] = Object.freeze([]);

interface Live {
  readonly path: readonly RunId[];
  readonly uses: readonly ToolUse[];
}

export class ToolUses {
  readonly #options: ToolUsesOptions;
  /** Answers under way, by principal: their tools may be called before they end. */
  readonly #live = new LRUCache<string, Roster<Live>>({ max: PRINCIPALS_MAX });
  readonly #misses: LRUCache<string, number>;

  constructor(options: ToolUsesOptions) {
    this.#options = options;
    const perf = { now: () => options.clock.now() };
    this.#misses = new LRUCache({ max: PRINCIPALS_MAX, ttl: MISSED_MS, ttlResolution: 0, perf });
  }

  /** Looks at the list that an answer's tools come into, until its seat is left: at the end of the answer. */
  watch({ access }: Call, uses: readonly ToolUse[]): Seat {
    const { principal, run } = access;
    const live = this.#live.get(principal.id) ?? new Roster<Live>();
    this.#live.set(principal.id, live);
    return live.enter({ path: run.path, uses });
  }

  /** The end of a model's call: remembers what its answer asks for. Never waits. */
  ended({ id, access }: Call, asks: readonly ToolAsk[] = NONE): void {
    if (asks.length === 0) return;
    const { principal, run } = access;
    const asked = asks.map((ask, index) => ({
      principal: principal.id,
      id: ask.id === '' ? `~${id}:${index}` : ask.id,
      name: ask.name,
      argsDigest: ask.argsDigest,
      path: run.path,
    }));
    this.#options.own.remember(principal.tenant, asked);
    this.#quietly(this.#options.shared?.remember(principal.tenant, asked));
  }

  /** The path of the run whose model asked for a call of a tool; undefined where nobody knows. A promise where others are asked. */
  runOfToolCall(call: Call): readonly RunId[] | undefined | Promise<readonly RunId[] | undefined> {
    const { principal, resource, args } = call.access;
    const { own, shared } = this.#options;
    const id = call.toolUseId;
    const carried = { principal: principal.id, id, name: resource.name, argsDigest: digestOf(args) };
    const byId = id === undefined ? undefined : own.joinById(principal.tenant, { ...carried, id });
    const path = byId?.path ?? this.#livePath(carried);
    if (path) {
      this.#quietly(shared?.join(principal.tenant, carried));
      return path;
    }
    // With an id that only others can know, what is alike here is another use.
    if (id !== undefined && shared && this.#mayAsk(principal.id))
      return this.#askOthers(shared, principal.tenant, carried);
    const alike = own.joinByArgs(principal.tenant, carried);
    if (shared && !alike?.wasOpen && this.#mayAsk(principal.id)) {
      return this.#askOthers(shared, principal.tenant, carried).then((found) => found ?? alike?.path);
    }
    const known = id ?? alike?.id;
    if (known !== undefined) this.#quietly(shared?.join(principal.tenant, { ...carried, id: known }));
    return alike?.path;
  }

  #mayAsk(principal: string): boolean {
    return (this.#misses.get(principal) ?? 0) < MISSES_MAX;
  }

  // The end of the answer finds that the call came by.
  #livePath({ id, principal }: CarriedOut): readonly RunId[] | undefined {
    const live = id === undefined ? undefined : this.#live.get(principal);
    for (const { path, uses } of live?.members() ?? []) if (uses.some((use) => use.id === id)) return path;
    return undefined;
  }

  async #askOthers(shared: UseStore, tenant: string, carried: CarriedOut): Promise<readonly RunId[] | undefined> {
    try {
      const path = await shared.join(tenant, carried);
      if (path) this.#misses.delete(carried.principal);
      else this.#misses.set(carried.principal, (this.#misses.get(carried.principal) ?? 0) + 1);
      return path;
    } catch (cause) {
      this.#options.onError(cause);
      return undefined;
    }
  }

  #quietly(done: Promise<unknown> | undefined): void {
    done?.catch(this.#options.onError);
  }
}
