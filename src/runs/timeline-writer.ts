// Steps on their way to the store: many leave together, and no call waits for them.
// INVARIANT: what waits is bounded; steps that find no room, or whose store does not answer, are dropped and counted.
import type { StepOf, TimelineStore } from './timeline.ts';

export interface TimelineWriterOptions {
  readonly store: TimelineStore;
  /** Does work once, later. Returns what calls it off. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Told how many steps were lost, and why, where the store said. */
  readonly onDropped: (steps: number, cause: unknown) => void;
}

export const FLUSH_MS = 200;
export const WAITING_MAX = 20_000;

export class TimelineWriter {
  readonly #options: TimelineWriterOptions;
  #waiting = new Map<string, StepOf[]>();
  #count = 0;
  #callOff: (() => void) | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: TimelineWriterOptions) {
    this.#options = options;
  }

  /** Never throws, never waits. */
  add(tenant: string, steps: readonly StepOf[]): void {
    const room = Math.max(0, WAITING_MAX - this.#count);
    if (steps.length > room) this.#options.onDropped(steps.length - room, undefined);
    const taken = steps.slice(0, room);
    if (taken.length === 0) return;
    const waiting = this.#waiting.get(tenant) ?? [];
    waiting.push(...taken);
    this.#waiting.set(tenant, waiting);
    this.#count += taken.length;
    this.#callOff ??= this.#options.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what waits; resolves once that and all before it is written or dropped. */
  flush(): Promise<void> {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#flushing = this.#flushing.then(() => this.#writeAll());
    return this.#flushing;
  }

  async #writeAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#count = 0;
    await Promise.all([...waiting].map(([tenant, steps]) => this.#write(tenant, steps)));
  }

  async #write(tenant: string, steps: readonly StepOf[]): Promise<void> {
    try {
      await this.#options.store.append(tenant, steps);
    } catch (cause) {
      this.#options.onDropped(steps.length, cause);
    }
  }
}
