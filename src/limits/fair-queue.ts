/**
 * What waits, taken in turns: at every step of the path, each name has its turn before any has its second.
 *
 * INVARIANT: between two turns of one name, each other name beside it that had something waiting all the while had one.
 * INVARIANT: of one whole path, what came first is taken first.
 */
export class FairQueue<T> {
  readonly #pathOf: (one: T) => readonly string[];
  readonly #root = new Level<T>();
  #size = 0;

  constructor(pathOf: (one: T) => readonly string[]) {
    this.#pathOf = pathOf;
  }

  get size(): number {
    return this.#size;
  }

  add(one: T): void {
    this.#root.add(this.#pathOf(one), 0, one);
    this.#size += 1;
  }

  /** Takes as many as there are, up to `count`, in order. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count && this.#size > 0) {
      taken.push(this.#root.take());
      this.#size -= 1;
    }
    return taken;
  }

  /** Undoes a `take`: they are the next again, in the same order. */
  putBack(taken: readonly T[]): void {
    for (const one of taken.toReversed()) this.#root.putBack(this.#pathOf(one), 0, one);
    this.#size += taken.length;
  }

  /** False where it does not wait here. */
  remove(one: T): boolean {
    const removed = this.#root.remove(this.#pathOf(one), 0, one);
    if (removed) this.#size -= 1;
    return removed;
  }
}

/** One step of the path: names in the order of their turns, and at the end of the path what waits. */
class Level<T> {
  readonly #below = new Map<string, Level<T>>();
  readonly #turns: string[] = [];
  readonly #waiting: T[] = [];

  get isEmpty(): boolean {
    return this.#turns.length === 0 && this.#waiting.length === 0;
  }

  add(path: readonly string[], depth: number, one: T): void {
    const name = path[depth];
    if (name === undefined) this.#waiting.push(one);
    else {
      if (!this.#below.has(name)) this.#turns.push(name);
      this.#level(name).add(path, depth + 1, one);
    }
  }

  putBack(path: readonly string[], depth: number, one: T): void {
    const name = path[depth];
    if (name === undefined) {
      this.#waiting.unshift(one);
      return;
    }
    cut(this.#turns, name);
    this.#turns.unshift(name);
    this.#level(name).putBack(path, depth + 1, one);
  }

  take(): T {
    const name = this.#turns.shift();
    if (name === undefined) return this.#waiting.shift() as T;
    const level = this.#below.get(name) as Level<T>;
    const one = level.take();
    if (level.isEmpty) this.#below.delete(name);
    else this.#turns.push(name);
    return one;
  }

  remove(path: readonly string[], depth: number, one: T): boolean {
    const name = path[depth];
    if (name === undefined) return cut(this.#waiting, one);
    const level = this.#below.get(name);
    if (!level?.remove(path, depth + 1, one)) return false;
    if (level.isEmpty) {
      this.#below.delete(name);
      cut(this.#turns, name);
    }
    return true;
  }

  #level(name: string): Level<T> {
    const known = this.#below.get(name);
    if (known) return known;
    const level = new Level<T>();
    this.#below.set(name, level);
    return level;
  }
}

function cut<T>(list: T[], one: T): boolean {
  const place = list.indexOf(one);
  if (place >= 0) list.splice(place, 1);
  return place >= 0;
}
