import type { Counter, Moment, Period } from './counter.ts';

/** Spending since the start of a period. Charged after its end, it is in a period whose end no caller has told yet. */
export class CalendarCounter implements Counter {
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
    // A lease that lapsed in a period that is over: it counted there until now. Where nobody has told when the period
    // began that a later charge is in, it may have begun before the lapse.
    if (this.#to !== 0 && at < this.#from && now >= this.#from) return;
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

  fields(): ReadonlyMap<string, number> {
    return new Map(Object.entries({ settled: this.settled, from: this.#from, to: this.#to }));
  }
}
