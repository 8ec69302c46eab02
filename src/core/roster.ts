/** A member's place in a roster. */
export interface Seat {
  /** Gives the place up. Later calls do nothing. */
  leave(): void;
}

/**
 * Members that come and go with every call. A Set would serve, but V8 leaves each table that a Set outgrows pointing at
 * the next one: once a dead table is old, all that come after it, and the calls that stood in them, live on until the next
 * full collection.
 */
export class Roster<T> {
  readonly #seats: Taken<T>[] = [];

  get size(): number {
    return this.#seats.length;
  }

  enter(member: T): Seat {
    return new Taken(this.#seats, member);
  }

  /** Who is in it now, in no order. */
  members(): readonly T[] {
    return this.#seats.map(({ member }) => member);
  }
}

class Taken<T> implements Seat {
  readonly member: T;
  readonly #seats: Taken<T>[];
  #place: number;

  constructor(seats: Taken<T>[], member: T) {
    this.member = member;
    this.#seats = seats;
    this.#place = seats.push(this) - 1;
  }

  leave(): void {
    if (this.#place < 0) return;
    const last = this.#seats.pop() as Taken<T>;
    if (last !== this) {
      this.#seats[this.#place] = last;
      last.#place = this.#place;
    }
    this.#place = -1;
  }
}
