import { type Random, seededRandom } from '../../support/random.ts';

/** Chance that a seed decides, so that what it led to can be led to again. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** From 0 to 1, 1 excluded. */
  next(): number {
    return this.#random.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Whole, both ends included. */
  int(min: number, max: number): number {
    return this.#random.between(min, max);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }
}
