// One operation on the ledger as its client saw it, and the log that outlives the client: what was asked is in it before
// it is asked, so that a client killed in between leaves an operation of unknown outcome.
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { AdmitRequest, ClaimState, SettleRequest } from '../../../../src/limits/store.ts';

export type Asked =
  | ({ readonly kind: 'admit' } & Pick<AdmitRequest, 'call' | 'chain' | 'leaseMs'>)
  | ({ readonly kind: 'settle' } & Pick<SettleRequest, 'call' | 'actual'>)
  | { readonly kind: 'release'; readonly call: string }
  | { readonly kind: 'renew'; readonly calls: readonly string[]; readonly leaseMs: number };

export type Answer =
  | { readonly kind: 'admitted' | 'exceeded'; readonly states: readonly ClaimState[] }
  | { readonly kind: 'lost' | 'renewed' }
  /** Whether it ended the reservation. */
  | { readonly kind: 'ended'; readonly ended: boolean };

/** `fail`: surely nothing has changed. `info`: it may have, and may yet. */
export type Outcome = { readonly kind: 'ok'; readonly answer: Answer } | { readonly kind: 'fail' | 'info' };

export interface Operation {
  readonly asked: Asked;
  /** Milliseconds since the epoch, by the clock that all processes of the machine share. */
  readonly invokedMs: number;
  /** Infinity where it has no known outcome. */
  readonly completedMs: number;
  readonly outcome: Outcome;
}

interface Line {
  readonly id: number;
  readonly atMs: number;
  readonly asked?: Asked;
  readonly outcome?: Outcome;
}

export class OperationLog {
  readonly #file: number;
  #operations = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  get operations(): number {
    return this.#operations;
  }

  /** Gives what notes the outcome. */
  begin(asked: Asked): (outcome: Outcome) => void {
    const id = (this.#operations += 1);
    this.#write({ id, atMs: Date.now(), asked });
    return (outcome) => this.#write({ id, atMs: Date.now(), outcome });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** The operations of one log, in the order in which they were asked; none where its client was killed before the first. */
export function readOperations(path: string): readonly Operation[] {
  if (!existsSync(path)) return [];
  const operations = new Map<number, Operation>();
  // A line that its client did not live to finish says nothing.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  for (const text of lines) {
    const { id, atMs, asked, outcome } = JSON.parse(text) as Line;
    if (asked) operations.set(id, { asked, invokedMs: atMs, completedMs: Infinity, outcome: { kind: 'info' } });
    const known = operations.get(id);
    if (known && outcome)
      operations.set(id, { ...known, outcome, completedMs: outcome.kind === 'info' ? Infinity : atMs });
  }
  return [...operations.values()];
}
