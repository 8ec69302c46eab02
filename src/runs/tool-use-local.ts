// Tools that a client runs by itself: shell, files, fetches. They cross no gateway, and are seen in what a request to a model
// tells of them.
// INVARIANT: what is not surely known to have come by as a call is local.
import { LRUCache } from 'lru-cache';
import type { AccessRequest } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { LocalResult, ToolResult } from '../core/tool-traffic.ts';
import type { MemoryUses, Told, ToldUse, UseStore } from './tool-use.ts';

export interface LocalToolsOptions {
  readonly clock: Clock;
  /** What this process has seen. */
  readonly own: MemoryUses;
  /** What other replicas have seen; undefined for a gateway alone. */
  readonly shared: UseStore | undefined;
  /** Given what a request tells of local tools for the first time, once that is sure. */
  readonly onLocal: (call: Call, results: readonly LocalResult[]) => void;
  /** Told of each question that the shared store did not answer. */
  readonly onError: (cause: unknown) => void;
}

/** How long a tool that did not come by is taken for local without waiting for what the others know. */
const LOCAL_MS = 60_000;
const NAMES_MAX = 10_000;

export class LocalTools {
  readonly #options: LocalToolsOptions;
  readonly #names: LRUCache<string, true>;

  constructor(options: LocalToolsOptions) {
    this.#options = options;
    const perf = { now: () => options.clock.now() };
    this.#names = new LRUCache({ max: NAMES_MAX, ttl: LOCAL_MS, ttlResolution: 0, perf });
  }

  /**
   * What a request to a model tells of local tools, in its order. A promise where others may know better: wait for it where
   * something is decided by it, and let it go where nothing is.
   *
   * This observes and stops, it does not prevent: the tools have run by now. What is decided on them can refuse or hold this
   * call of the model, and so whatever would have come next, but never the first use of a tool.
   */
  results(call: Call): readonly LocalResult[] | Promise<readonly LocalResult[]> {
    const { own, shared } = this.#options;
    const { id: principal, tenant } = call.access.principal;
    const uses = (call.toolResults ?? []).map((result) => ({ ...result, principal }));
    if (!shared)
      return this.#record(
        call,
        localsOf(uses, (use) => own.tell(tenant, use)),
      );
    const known = new Map(uses.map((use) => [use, own.known(tenant, use)]));
    const open = uses.filter((use) => known.get(use) === undefined);
    const asked = open.length === 0 ? undefined : this.#ask(shared, call, open);
    const isSure = open.every((use) => use.name !== '' && this.#names.has(nameKey(use)));
    if (!asked || isSure) return localsOf(uses, (use) => known.get(use));
    return asked.then((told) => localsOf(uses, (use) => known.get(use) ?? told.get(use)));
  }

  /** What the others know of uses; nothing where they do not answer. */
  async #ask(shared: UseStore, call: Call, uses: readonly Use[]): Promise<ReadonlyMap<Use, Told>> {
    const { tenant } = call.access.principal;
    try {
      const answers = await shared.tell(tenant, uses);
      const told = new Map(uses.flatMap((use, index) => (answers[index] ? [[use, answers[index]] as const] : [])));
      for (const [use, { fate }] of told) this.#learn(tenant, use, fate === 'gateway');
      this.#record(
        call,
        localsOf([...told.keys()], (use) => told.get(use)),
      );
      return told;
    } catch (cause) {
      this.#options.onError(cause);
      return new Map();
    }
  }

  #learn(tenant: string, use: Use, cameBy: boolean): void {
    const { own } = this.#options;
    if (cameBy) {
      own.joinById(tenant, use);
      this.#names.delete(nameKey(use));
      return;
    }
    own.tell(tenant, use);
    if (use.name !== '') this.#names.set(nameKey(use), true);
  }

  #record(call: Call, results: readonly LocalResult[]): readonly LocalResult[] {
    const told = results.filter(({ isNew }) => isNew);
    if (told.length > 0) this.#options.onLocal(call, told);
    return results;
  }
}

type Use = ToldUse & ToolResult;

/** Those of the uses that did not come by. What nobody answers for is new. */
function localsOf(uses: readonly Use[], toldOf: (use: Use) => Told | undefined): readonly LocalResult[] {
  return uses.flatMap((use) => {
    const { fate, name } = toldOf(use) ?? { fate: 'new', name: '' };
    if (fate === 'gateway') return [];
    const { principal: _, ...result } = use;
    return [{ ...result, name: result.name || name || UNKNOWN, isNew: fate === 'new' }];
  });
}

/** A tool whose name neither the request nor anybody else tells. */
const UNKNOWN = 'unknown';

function nameKey({ principal, name }: Use): string {
  return `${principal}\n${name}`;
}

/**
 * What policies decide on: one request per local tool, `tool.local` on `tool/local/NAME`, on behalf of the call of the model
 * that tells of it.
 */
export function localRequests({ access }: Call, results: readonly LocalResult[]): readonly AccessRequest[] {
  return results.map(({ name, args }) => ({
    ...access,
    action: 'tool.local',
    resource: { kind: 'tool', upstream: 'local', name },
    args,
  }));
}
