import { CalendarCounter } from './calendar-counter.ts';
import { type Counter, counterName } from './counter.ts';
import { LIFE_MS } from './bounds.ts';
import { RollingCounter } from './rolling-counter.ts';
import type { Claim, StoreWindow } from './store.ts';

/** A counter, and when nothing in it counts any more, with the grace. */
export interface Kept {
  readonly name: string;
  readonly counter: Counter;
  untilMs: number;
}

const EXAMINED_MAX = 4;

/** The counters of one tenant. */
export class Counters {
  readonly #kept = new Map<string, Kept>();

  get size(): number {
    return this.#kept.size;
  }

  /** The counter of a claim; a new one is kept only once something is booked in it. */
  of(claim: Claim): Kept {
    const name = counterName(claim);
    return this.#kept.get(name) ?? { name, counter: newCounter(claim.window), untilMs: 0 };
  }

  keep(kept: Kept, untilMs: number): void {
    kept.untilMs = Math.max(kept.untilMs, untilMs);
    this.#kept.set(kept.name, kept);
  }

  /** Looks at a few in turn and drops those in which nothing counts any more. */
  tidy(now: number): void {
    let examined = 0;
    for (const [name, kept] of this.#kept) {
      examined += 1;
      if (examined > EXAMINED_MAX) break;
      this.#kept.delete(name);
      if (kept.counter.held > 0 || kept.untilMs > now) this.#kept.set(name, kept);
    }
  }
}

/** A counter at zero. */
export function newCounter(window: StoreWindow): Counter {
  if (window.kind === 'none') return new HeldCounter();
  if (window.kind === 'life') return new LifeCounter();
  return window.kind === 'rolling' ? new RollingCounter(window.ms) : new CalendarCounter();
}

/** Counts what is held and nothing else. */
class HeldCounter implements Counter {
  held = 0;
  readonly settled = 0;

  enter(): void {}
  charge(): void {}
  resetMs(): number {
    return 0;
  }
  retryMs(): number {
    return 0;
  }
  spanMs(): number {
    return 0;
  }
  fields(): ReadonlyMap<string, number> {
    return new Map();
  }
}

/** Counts what was spent as long as anybody remembers it. */
class LifeCounter implements Counter {
  held = 0;
  settled = 0;

  enter(): void {}
  charge(amount: number): void {
    this.settled += amount;
  }
  resetMs(): number {
    return 0;
  }
  retryMs(): number {
    return 0;
  }
  spanMs(): number {
    return LIFE_MS;
  }
  fields(): ReadonlyMap<string, number> {
    return new Map(Object.entries({ settled: this.settled, from: 0, to: -1 }));
  }
}
