/** One file of a chain. A chain goes on in the next file when one is full or broken. */
export interface Segment {
  readonly chain: string;
  /** From 1. */
  readonly number: number;
}

const NAME = /^audit-([A-Za-z0-9._-]+)-(\d{6})\.jsonl$/;

export function segmentName({ chain, number }: Segment): string {
  return `audit-${chain}-${String(number).padStart(6, '0')}.jsonl`;
}

/** The segment that a file name stands for; undefined for a file that is none of the audit's. */
export function parseSegment(name: string): Segment | undefined {
  const match = NAME.exec(name);
  return match?.[1] === undefined ? undefined : { chain: match[1], number: Number(match[2]) };
}
