import type { GatewayError } from '../core/errors.ts';
import type { AuditEntry } from './entry.ts';

/** An entry and whoever waits for it. */
export interface Waiting {
  readonly entry: AuditEntry;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
  /** True once its caller was told that it is not written. */
  refused: boolean;
}

/** Whether an entry is of something that has happened, and so must not be forgotten. */
export function isKept({ kind }: AuditEntry): boolean {
  return kind === 'outcome' || kind === 'refusal';
}

/** Entries that wait for a broken sink. Refusals may take only half of the room: anybody can make those. */
const OUTCOMES_MAX = 1_000;
const REFUSALS_MAX = 500;

/**
 * What a broken sink could not take: what has happened is kept, and what has not is refused, so that it does not.
 */
export class Reserve {
  #kept: Waiting[] = [];
  #refused = 0;
  #lost = 0;

  /** What the audit itself must say about the time without it. */
  get missed(): { readonly refused: number; readonly lost: number } {
    return { refused: this.#refused, lost: this.#lost };
  }

  hold(waiting: Waiting, error: GatewayError): void {
    if (waiting.refused) return;
    const kept = isKept(waiting.entry);
    if (kept && this.#kept.length < (waiting.entry.kind === 'outcome' ? OUTCOMES_MAX : REFUSALS_MAX)) {
      this.#kept.push(waiting);
      return;
    }
    if (kept) this.#lost += 1;
    else this.#refused += 1;
    waiting.refused = true;
    waiting.reject(error);
  }

  /** Hands out what was kept. */
  take(): Waiting[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  /** The audit has said what was missed. */
  clear(): void {
    this.#refused = 0;
    this.#lost = 0;
  }
}
