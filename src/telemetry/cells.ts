import type { Histogram } from '@opentelemetry/sdk-metrics';

/** A sum that only grows. */
export class SumCell {
  #sum = 0;

  add(value: number): void {
    this.#sum += value;
  }

  get value(): number {
    return this.#sum;
  }
}

/** Counts per bucket; a value on a boundary belongs to the bucket below it. */
export class HistogramCell {
  readonly #boundaries: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(boundaries: readonly number[]) {
    this.#boundaries = boundaries;
    this.#counts = Array.from({ length: boundaries.length + 1 }, () => 0);
  }

  record(value: number): void {
    const boundaries = this.#boundaries;
    let bucket = 0;
    while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  get value(): Histogram {
    const buckets = { boundaries: [...this.#boundaries], counts: [...this.#counts] };
    return { buckets, count: this.#count, sum: this.#sum, min: this.#min, max: this.#max };
  }
}
