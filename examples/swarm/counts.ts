// What upstreams count by themselves: whom they served with what, and what they said that it used.

/** Of one node at one model or tool. */
export interface Served {
  calls: number;
  /** Answered to the last byte. */
  whole: number;
  /** As the answers that were whole say. */
  tokens: { input: number; output: number };
  /** Milliseconds since the epoch: the last request came, the last answer ended. */
  lastCameMs: number;
  lastEndedMs: number;
}

/** By node, then by `model/NAME` or `tool/NAME`. */
export type Counts = Readonly<Record<string, Readonly<Record<string, Served>>>>;

export class Counter {
  readonly #nodes: Record<string, Record<string, Served>> = {};

  get counts(): Counts {
    return this.#nodes;
  }

  came(node: string, what: string, atMs: number): Served {
    const served = ((this.#nodes[node] ??= {})[what] ??= {
      calls: 0,
      whole: 0,
      tokens: { input: 0, output: 0 },
      lastCameMs: 0,
      lastEndedMs: 0,
    });
    served.calls += 1;
    served.lastCameMs = atMs;
    return served;
  }
}

/** Books the end of an answer. */
export function ended(served: Served, answer: string | undefined, atMs: number): void {
  served.lastEndedMs = Math.max(served.lastEndedMs, atMs);
  if (answer === undefined) return;
  served.whole += 1;
  served.tokens.input += lastNumber(answer, /"(?:prompt|input)_tokens":(\d+)/g);
  served.tokens.output += lastNumber(answer, /"(?:completion|output)_tokens":(\d+)/g);
}

// Both dialects say it last where they say it more than once.
function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}
