import type { CallId } from '../core/ids.ts';

interface Lease {
  readonly call: CallId;
  readonly endMs: number;
}

/** Leases by their end, and by call id where they end together, as a sorted set of Redis has them. */
export class LeaseQueue {
  readonly #leases: Lease[] = [];

  add(lease: Lease): void {
    this.#leases.splice(this.#place(lease), 0, lease);
  }

  remove(lease: Lease): void {
    this.#leases.splice(this.#place(lease), 1);
  }

  /** The first leases that have ended by now, at most `max`. */
  lapsed(now: number, max: number): readonly Lease[] {
    const first = this.#leases.slice(0, max);
    return first.filter((lease) => lease.endMs <= now);
  }

  /** Where a lease stands or would stand. */
  #place(lease: Lease): number {
    let low = 0;
    let high = this.#leases.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#leases[middle] as Lease;
      if (other.endMs < lease.endMs || (other.endMs === lease.endMs && other.call < lease.call)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
