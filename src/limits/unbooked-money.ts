// Money that calls may have spent, or have, of which the ledger does not know yet.

/** What one call may have spent. */
export interface Unbooked {
  /** It has ended, and this is what it cost. */
  becomes(amount: number): void;
  /** The ledger knows of it. */
  free(): void;
}

export class UnbookedMoney {
  readonly #pools = new Map<string, number>();

  /** Undefined where it would be more than the most. Amounts in micro-USD. */
  take(pool: string, { amount, max }: { readonly amount: number; readonly max: number }): Unbooked | undefined {
    const before = this.#pools.get(pool) ?? 0;
    if (before + amount > max) return undefined;
    this.#pools.set(pool, before + amount);
    let held = amount;
    let isKnown = false;
    const becomes = (next: number): void => {
      if (isKnown) return;
      const left = (this.#pools.get(pool) ?? 0) + next - held;
      held = next;
      if (left > 0) this.#pools.set(pool, left);
      else this.#pools.delete(pool);
    };
    return {
      becomes,
      free() {
        becomes(0);
        isKnown = true;
      },
    };
  }
}
