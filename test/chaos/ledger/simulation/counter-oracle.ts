// What a counter must stand at, by the plainest means: everything that was spent is written down, and added up.
import type { StoreWindow } from '../../../../src/limits/store.ts';

interface Spent {
  readonly amount: number;
  /** When it was spent, and when that was booked, by the store's clock. */
  readonly atMs: number;
  readonly bookedMs: number;
  /** Whether it was booked in the calendar period that is in force. */
  isOfPeriod: 'yes' | 'maybe' | 'no';
}

/** Where settled spending may stand: the ledger may round against the caller, never for it. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** A rolling window forgets in parts, of which there are 60: spending may count for one part longer. */
const PARTS = 60;

export class CounterOracle {
  /** What reservations hold, those that have lapsed and were not yet charged included. */
  held = 0;
  /** Whether anything was ever booked: until then a period that was told of is forgotten. */
  isBegun = false;
  #spent: Spent[] = [];
  /** The latest calendar period that anybody told of, or that the store's clock has seen end. */
  #periodMs = -1;
  /** Infinity where it was not told. */
  #endMs = Infinity;

  book(amount: number, { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): void {
    if (amount === 0) return;
    if (atMs >= this.#endMs) this.#begin(this.#endMs, Infinity);
    this.#spent.push({ amount, atMs, bookedMs: nowMs, isOfPeriod: 'yes' });
  }

  /** Someone asks, by a period of its own clock. */
  enter(window: StoreWindow): void {
    if (window.kind !== 'calendar' || window.startMs < this.#periodMs) return;
    // A period that is over already by the store's clock tells nothing of the one that is.
    if (this.#endMs === Infinity && this.#spent.some(({ atMs }) => atMs >= window.endMs)) return;
    if (window.startMs > this.#periodMs) this.#begin(window.startMs, window.endMs);
    else this.#endMs = window.endMs;
  }

  settled(window: StoreWindow, nowMs: number): Range {
    if (window.kind === 'none') this.#spent = [];
    return window.kind === 'rolling' ? this.#rolling(window.ms, nowMs) : this.#calendar();
  }

  /** Where nobody told when the last period ended, what was spent since may count in the next one. */
  #begin(startMs: number, endMs: number): void {
    const before = this.#endMs === Infinity ? 'maybe' : 'no';
    for (const one of this.#spent) if (one.isOfPeriod !== 'no') one.isOfPeriod = before;
    [this.#periodMs, this.#endMs] = [startMs, endMs];
  }

  #rolling(ms: number, nowMs: number): Range {
    const mostMs = ms + Math.ceil(ms / PARTS);
    this.#spent = this.#spent.filter(({ atMs }) => nowMs - atMs < mostMs);
    return rangeOf(this.#spent, ({ atMs }) => nowMs - atMs < ms);
  }

  #calendar(): Range {
    const startMs = this.#periodMs;
    this.#spent = this.#spent.filter(({ atMs, isOfPeriod }) => isOfPeriod !== 'no' || atMs >= startMs);
    return rangeOf(
      this.#spent,
      // A caller whose clock is ahead begins a period early: what is spent until then counts in it.
      ({ atMs, bookedMs, isOfPeriod }) => atMs >= startMs || (isOfPeriod === 'yes' && bookedMs < startMs),
    );
  }
}

function rangeOf(spent: readonly Spent[], counts: (one: Spent) => boolean): Range {
  let [least, most] = [0, 0];
  for (const one of spent) {
    most += one.amount;
    if (counts(one)) least += one.amount;
  }
  return { least, most };
}
