import type { Spot } from '../documents/faults.ts';

/** One text of a field that takes one or a list of them. */
export interface Word {
  readonly text: string;
  readonly spot: Spot;
}

export function wordsOf(value: string | readonly string[] | undefined, spot: Spot): Word[] {
  if (typeof value === 'string') return [{ text: value, spot }];
  return (value ?? []).map((text, index) => ({ text, spot: spot.at(index) }));
}
