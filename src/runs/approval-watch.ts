// Calls that wait for people: they hear of a decision within half a second, whichever process it was made in.
// INVARIANT: a wait ends once: by a decision, at its time, or when its client goes.
import type { ApprovalStore } from './approval-store.ts';

/** Work for later. Injected, so that tests say when. */
export interface Timers {
  /** Does work again and again. Returns what stops it. */
  every(ms: number, work: () => void): () => void;
  /** Does work once. Returns what calls it off. */
  after(ms: number, work: () => void): () => void;
}

export interface WatchSource {
  readonly store: Pick<ApprovalStore, 'get'>;
  readonly timers: Timers;
  /** How many calls may wait in this process. */
  readonly waitersMax?: number;
}

/** `full` where so many wait already that this one does not. */
export type WaitEnd = 'decided' | 'over' | 'gone' | 'full';

export interface Wait {
  readonly tenant: string;
  readonly id: string;
  readonly ms: number;
  readonly onAbort: (listener: () => void) => void;
}

const LOOK_MS = 500;
const WAITERS_MAX = 1_000;

interface Watched {
  readonly tenant: string;
  readonly id: string;
  readonly waiters: Set<() => void>;
  isAsked: boolean;
}

export class ApprovalWatch {
  readonly #source: WatchSource;
  readonly #watched = new Map<string, Watched>();
  #waiting = 0;
  #stop: (() => void) | undefined;

  constructor(source: WatchSource) {
    this.#source = source;
  }

  /** How many calls wait. */
  get size(): number {
    return this.#waiting;
  }

  wait({ tenant, id, ms, onAbort }: Wait): Promise<WaitEnd> {
    if (this.#waiting >= (this.#source.waitersMax ?? WAITERS_MAX)) return Promise.resolve('full');
    const watched = this.#watch(tenant, id);
    const { promise, resolve } = Promise.withResolvers<WaitEnd>();
    const end = (how: WaitEnd): void => {
      if (!watched.waiters.delete(decided)) return;
      callOff();
      this.#waiting -= 1;
      if (watched.waiters.size === 0) this.#forget(watched);
      resolve(how);
    };
    const decided = (): void => end('decided');
    const callOff = this.#source.timers.after(ms, () => end('over'));
    watched.waiters.add(decided);
    this.#waiting += 1;
    onAbort(() => end('gone'));
    return promise;
  }

  /** Somebody in this process decided: whoever waits for it looks now. */
  changed(tenant: string, id: string): void {
    const watched = this.#watched.get(`${tenant}\n${id}`);
    if (watched) void this.#look(watched);
  }

  #watch(tenant: string, id: string): Watched {
    const key = `${tenant}\n${id}`;
    const known = this.#watched.get(key);
    if (known) return known;
    const watched: Watched = { tenant, id, waiters: new Set(), isAsked: false };
    this.#watched.set(key, watched);
    this.#stop ??= this.#source.timers.every(LOOK_MS, () => {
      for (const one of this.#watched.values()) if (!one.isAsked) void this.#look(one);
    });
    return watched;
  }

  #forget({ tenant, id }: Watched): void {
    this.#watched.delete(`${tenant}\n${id}`);
    if (this.#watched.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  async #look(watched: Watched): Promise<void> {
    watched.isAsked = true;
    try {
      const approval = await this.#source.store.get(watched.tenant, watched.id);
      if (approval?.state !== 'pending') for (const decided of watched.waiters) decided();
    } catch {
      // A store that does not answer is asked again at the next look, until the wait is over.
    } finally {
      watched.isAsked = false;
    }
  }
}
