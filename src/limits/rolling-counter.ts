import { SLOTS } from './bounds.ts';
import type { Counter, Moment } from './counter.ts';

/** Spending by slot: the window divided into `SLOTS` parts, each forgotten when the whole of it has left the window. */
export class RollingCounter implements Counter {
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

  fields(): ReadonlyMap<string, number> {
    const whole = { settled: this.settled, from: this.#from, to: this.#to };
    return new Map([
      ...Object.entries(whole),
      ...[...this.#slots].map(([slot, spent]) => [String(slot), spent] as const),
    ]);
  }

  #firstSlot(now: number): number {
    return Math.floor((now - this.#ms + 1) / this.#width);
  }

  /** When all that was spent in a slot has left the window. */
  #endOf(slot: number): number {
    return (slot + 1) * this.#width - 1 + this.#ms;
  }
}
