/** Where something stands in a file: keys of maps and indexes of lists, from the top. */
export type Path = readonly PropertyKey[];

/** Something wrong with one value of a file, or with the key that leads to it. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  /** Character of the text value at which it is wrong; its beginning unless said. */
  readonly offset?: number;
  /** Whether the key is meant or, unless said, the value. */
  readonly of?: 'key';
}

/** One value of a file, and the list that takes what is wrong with it. */
export class Spot {
  readonly #path: Path;
  readonly #faults: Fault[];

  constructor(path: Path, faults: Fault[]) {
    this.#path = path;
    this.#faults = faults;
  }

  /** A value within this one. */
  at(...steps: Path): Spot {
    return new Spot([...this.#path, ...steps], this.#faults);
  }

  fault(message: string, where: Pick<Fault, 'offset' | 'of'> = {}): void {
    this.#faults.push({ path: this.#path, message, ...where });
  }
}
