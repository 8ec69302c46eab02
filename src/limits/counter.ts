/**
 * One counter and its arithmetic, for the memory ledger. `scripts/ledger.lua` says the same for Redis.
 *
 * INVARIANT: what was spent at a time counts in full until that time is older than the window.
 * INVARIANT: a counter never goes back to an earlier slot or period, whatever its clock does.
 */
import { SLOTS } from './bounds.ts';
import type { Claim, StoreWindow } from './store.ts';

export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Moment {
  readonly at: number;
  readonly now: number;
}

/** `held` is what reservations hold; `settled` what was spent within the window. Both in the unit of the quota. */
export interface Counter {
  held: number;
  readonly settled: number;
  /** Brings the counter to the moment of an admission; `period` is the caller's, where the window is a calendar's. */
  enter(now: number, period: Period): void;
  /** Books what was spent at a time, `now` or earlier. */
  charge(amount: number, when: Moment): void;
  /** Until the counter is back at zero; 0 where it is, or where only reservations can say. */
  resetMs(now: number): number;
  /** Until `excess` of the settled spending has left the window; 0 where waiting does not help. */
  retryMs(excess: number, now: number): number;
  /** How long what was spent still counts. */
  spanMs(now: number): number;
}

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
}

/** Spending by slot: the window divided into `SLOTS` parts, each forgotten when the whole of it has left the window. */
class RollingCounter implements Counter {
  held = 0;
  settled = 0;
  readonly #ms: number;
  readonly #width: number;
  readonly #slots = new Map<number, number>();
  #from = 0;
  #to = -1;

  constructor(ms: number) {
    this.#ms = ms;
    this.#width = Math.ceil(ms / SLOTS);
  }

  enter(now: number): void {
    const first = this.#firstSlot(now);
    if (first <= this.#from) return;
    for (let slot = this.#from; slot <= Math.min(first - 1, this.#to); slot += 1) {
      this.settled -= this.#slots.get(slot) ?? 0;
      this.#slots.delete(slot);
    }
    this.#from = first;
    this.#to = Math.max(this.#to, first - 1);
  }

  charge(amount: number, { at, now }: Moment): void {
    if (amount === 0) return;
    this.enter(now);
    const slot = Math.floor(at / this.#width);
    if (slot < this.#firstSlot(now)) return;
    const kept = Math.max(slot, this.#from);
    this.settled += amount;
    this.#to = Math.max(this.#to, kept);
    this.#slots.set(kept, (this.#slots.get(kept) ?? 0) + amount);
  }

  resetMs(now: number): number {
    if (this.settled + this.held === 0) return 0;
    const newest = this.held > 0 ? Math.max(this.#to, Math.floor(now / this.#width)) : this.#to;
    return this.#endOf(newest) - now;
  }

  retryMs(excess: number, now: number): number {
    if (excess > this.settled) return 0;
    let slot = this.#from;
    let left = excess - (this.#slots.get(slot) ?? 0);
    while (left > 0) {
      slot += 1;
      left -= this.#slots.get(slot) ?? 0;
    }
    return this.#endOf(slot) - now;
  }

  spanMs(): number {
    return this.#ms + this.#width;
  }

  #firstSlot(now: number): number {
    return Math.floor((now - this.#ms + 1) / this.#width);
  }

  /** When all that was spent in a slot has left the window. */
  #endOf(slot: number): number {
    return (slot + 1) * this.#width - 1 + this.#ms;
  }
}

/** Spending since the start of a period. Charged after its end, it is in a period whose end no caller has told yet. */
class CalendarCounter implements Counter {
  held = 0;
  settled = 0;
  #from = -1;
  /** 0 where the end is not yet known. */
  #to = -1;
  #lastSpanMs = 0;

  enter(_now: number, period: Period): void {
    if (period.startMs > this.#from) {
      this.settled = 0;
    } else if (this.#to !== 0 || period.endMs <= this.#from) {
      return;
    }
    this.#from = period.startMs;
    this.#to = period.endMs;
  }

  charge(amount: number, { at, now }: Moment): void {
    if (amount === 0) return;
    // A lease that lapsed in a period that is over: it counted there until now.
    if (at < this.#from && now >= this.#from) return;
    if (at >= this.#to) {
      if (this.#to > 0) {
        this.settled = 0;
        this.#lastSpanMs = 2 * (this.#to - this.#from);
      }
      this.#from = Math.max(this.#from, at);
      this.#to = 0;
    }
    this.settled += amount;
  }

  resetMs(now: number): number {
    return this.settled + this.held === 0 ? 0 : Math.max(0, this.#to - now);
  }

  retryMs(excess: number, now: number): number {
    return excess > this.settled ? 0 : Math.max(0, this.#to - now);
  }

  spanMs(now: number): number {
    return Math.max(this.#lastSpanMs, this.#to - now, 0);
  }
}

export function newCounter(window: StoreWindow): Counter {
  if (window.kind === 'none') return new HeldCounter();
  return window.kind === 'rolling' ? new RollingCounter(window.ms) : new CalendarCounter();
}

/** Names a counter within its tenant. The window is in the name: a quota with another window begins at zero. */
export function counterName({ key, window }: Claim): string {
  return window.kind === 'rolling' ? `${key}:${window.ms}` : `${key}:${window.kind}`;
}
