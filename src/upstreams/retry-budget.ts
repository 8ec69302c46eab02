/** What is granted at once, whatever came before: an upstream with little traffic could else never be tried again. */
const BURST = 10;

/**
 * How many further tries an upstream's traffic pays for: each call adds a share of one, each further try takes one.
 * INVARIANT: of any calls in a row, no more further tries are granted than their share and the burst.
 */
export class RetryBudget {
  readonly #share: number;
  #left = BURST;

  constructor(share: number) {
    this.#share = share;
  }

  /** A call is sent for the first time. */
  called(): void {
    this.#left = Math.min(BURST, this.#left + this.#share);
  }

  /** Whether one further try is granted; then it is taken. */
  take(): boolean {
    if (this.#share === 0 || this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
