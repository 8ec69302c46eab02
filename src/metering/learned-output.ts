import { LRUCache } from 'lru-cache';

/** How many output tokens calls of a model really use, learned from those that ended. */
export interface LearnedOutput {
  /** Books the output of a call that ended as it should. */
  learn(key: string, tokens: number): void;
  /** What 99 of 100 calls stay within, not understated; undefined until enough of them have ended. */
  p99(key: string): number | undefined;
}

const KEYS_MAX = 10_000;
/** Below it the 99th of a hundred says little. */
const CALLS_MIN = 200;
/** From here on, older calls count half: a model is used differently next week. */
const CALLS_MAX = 4_096;
/** Each bucket ends a tenth above the one before it; the last one holds everything beyond a million tokens. */
const GROWTH = 1.1;
const BUCKETS = 150;

interface Counts {
  total: number;
  readonly buckets: Uint16Array;
}

/** Keys are whoever is to learn apart, e.g. a tenant's use of a model; the least used are forgotten first. */
export function learnedOutput(): LearnedOutput {
  const known = new LRUCache<string, Counts>({ max: KEYS_MAX });

  return {
    learn(key, tokens) {
      let counts = known.get(key);
      if (!counts) known.set(key, (counts = { total: 0, buckets: new Uint16Array(BUCKETS) }));
      const place = bucketOf(tokens);
      counts.buckets[place] = (counts.buckets[place] as number) + 1;
      counts.total += 1;
      if (counts.total >= CALLS_MAX) halve(counts);
    },
    p99(key) {
      const counts = known.get(key);
      if (!counts || counts.total < CALLS_MIN) return undefined;
      let above = Math.floor(counts.total / 100);
      let place = BUCKETS - 1;
      while (above >= (counts.buckets[place] as number)) {
        above -= counts.buckets[place] as number;
        place -= 1;
      }
      return place === BUCKETS - 1 ? undefined : endOf(place);
    },
  };
}

function bucketOf(tokens: number): number {
  if (tokens <= 1) return 0;
  let place = Math.min(BUCKETS - 1, Math.ceil(Math.log(tokens) / Math.log(GROWTH)));
  // Rounding must not put a call below its own size.
  if (place < BUCKETS - 1 && endOf(place) < tokens) place += 1;
  return place;
}

function endOf(place: number): number {
  return Math.ceil(GROWTH ** place);
}

function halve(counts: Counts): void {
  counts.total = 0;
  for (let place = 0; place < BUCKETS; place += 1) {
    const half = (counts.buckets[place] as number) >> 1;
    counts.buckets[place] = half;
    counts.total += half;
  }
}
