import { hash } from 'node:crypto';

/** Something to choose by its weight. */
export interface Weighted {
  /** Tells it from the others. */
  readonly id: string;
  /** 0 or more; what has none comes behind all that have one, in the order given. */
  readonly weight: number;
}

/**
 * The targets in the order in which a key prefers them: weighted rendezvous hashing. Of many keys each target comes first
 * for a share as large as its weight; one key has the same order everywhere, and keeps it when other targets come and go.
 */
export function weightedOrder<T extends Weighted>(targets: readonly T[], key: string): readonly T[] {
  return targets
    .map((target) => ({ target, score: scoreOf(target, key) }))
    .sort((one, other) => (one.score === other.score ? 0 : one.score - other.score))
    .map(({ target }) => target);
}

const HEX_DIGITS = 12;
const RANGE = 16 ** HEX_DIGITS;

// Exponential variables with the weights as rates: the least of them is each one with the probability of its share.
function scoreOf({ id, weight }: Weighted, key: string): number {
  if (weight === 0) return Infinity;
  const drawn = Number.parseInt(hash('sha256', `${key}\n${id}`, 'hex').slice(0, HEX_DIGITS), 16);
  return -Math.log((drawn + 1) / (RANGE + 1)) / weight;
}
