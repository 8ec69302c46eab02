import type { Schedule } from '../../../../src/limits/schedule.ts';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
  isOff: boolean;
}

/** Virtual time: work in the order that it falls due, one piece after the other, each with all that follows from it. */
export class Timeline {
  #nowMs: number;
  #orders = 0;
  readonly #heap: Entry[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Does work once. Returns what calls it off. */
  after(ms: number, work: () => void): () => void {
    const entry = { atMs: this.#nowMs + Math.max(0, Math.ceil(ms)), order: (this.#orders += 1), work, isOff: false };
    this.#push(entry);
    return () => void (entry.isOff = true);
  }

  /** The timers of one process: they run as long as it lives. */
  scheduleOf(lives: () => boolean): Schedule {
    const after = (ms: number, work: () => void): (() => void) => this.after(ms, () => lives() && work());
    return {
      after,
      every(ms, work) {
        let stop = (): void => {};
        const again = (): void => {
          stop = after(ms, () => {
            again();
            work();
          });
        };
        again();
        return () => stop();
      },
    };
  }

  /** Lets time pass until there is nothing more to do before a moment, or `goesOn` says so. */
  async runUntil(untilMs: number, goesOn: () => boolean): Promise<void> {
    for (let first = this.#heap[0]; first && first.atMs <= untilMs && goesOn(); first = this.#heap[0]) {
      this.#pop();
      if (first.isOff) continue;
      this.#nowMs = first.atMs;
      first.work();
      // Promises that hang on it come first: whatever they begin is in the heap before the next piece.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (goesOn()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(entry, heap[above] as Entry)) break;
      heap[place] = heap[above] as Entry;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry)) below += 1;
      if (!isBefore(heap[below] as Entry, last)) break;
      heap[place] = heap[below] as Entry;
      place = below;
    }
    heap[place] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
