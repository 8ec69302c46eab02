import type { Fault, Path } from './yaml-source.ts';

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

/** One text of a field that takes one or a list of them. */
export interface Word {
  readonly text: string;
  readonly spot: Spot;
}

export function wordsOf(value: string | readonly string[] | undefined, spot: Spot): Word[] {
  if (typeof value === 'string') return [{ text: value, spot }];
  return (value ?? []).map((text, index) => ({ text, spot: spot.at(index) }));
}
