// When an upstream fails time after time it is left alone for a while; then one call tries whether it is back.
// INVARIANT: only what is the upstream's own fault counts; what the client broke off counts neither way.
import { circuitBreaker, CircuitState, type CircuitBreakerPolicy, ConsecutiveBreaker, handleAll } from 'cockatiel';

export interface CircuitConfig {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long nothing passes then, in milliseconds. */
  readonly openMs: number;
}

/** How a try ended, as far as it tells something of the upstream. */
export type Outcome = 'good' | 'bad' | 'unknown';

/** The leave to send one call; `probe` is the one that finds out whether the upstream is back. */
export type Pass = 'plain' | 'probe';

/** `ok`; `degraded`: it fails often, or is about to be tried again; `down`: nothing is sent to it. */
export type Health = 'ok' | 'degraded' | 'down';

export interface CircuitSource extends CircuitConfig {
  /** Milliseconds from any beginning, never going back. */
  readonly monotonicMs: () => number;
  readonly onChange: (state: 'open' | 'closed') => void;
}

/** Of so many outcomes, so many bad ones make an upstream degraded, as long as the last of them is so fresh. */
const REMEMBERED = 16;
const DEGRADED_FROM = 4;
const FRESH_MS = 60_000;

const fail = (): never => {
  throw new Error('the upstream failed');
};

/** The circuit of one upstream. A call that `enter` lets in must tell `left` how it ended. */
export class Circuit {
  readonly #now: () => number;
  readonly #inARow: ConsecutiveBreaker;
  readonly #breaker: CircuitBreakerPolicy;
  /** What the breaker waits for while it is half open: the outcome of the probe. */
  #probe: PromiseWithResolvers<void> | undefined;
  #isProbed = false;
  #openUntilMs = 0;
  /** The last outcomes, the newest in the lowest bit, 1 for a bad one. */
  #recent = 0;
  #lastBadMs = -Infinity;

  constructor({ failures, openMs, monotonicMs, onChange }: CircuitSource) {
    this.#now = monotonicMs;
    this.#inARow = new ConsecutiveBreaker(failures);
    // When to try again is said by a clock that is never set; the library's own can be.
    this.#breaker = circuitBreaker(handleAll, { breaker: this.#inARow, halfOpenAfter: -Infinity });
    this.#breaker.onBreak(() => {
      this.#openUntilMs = monotonicMs() + openMs;
      onChange('open');
    });
    this.#breaker.onReset(() => onChange('closed'));
  }

  /** Lets a call in, or says in how many milliseconds it is worth asking again. */
  enter(): Pass | number {
    const { state } = this.#breaker;
    if (state === CircuitState.Closed) return 'plain';
    const waitMs = this.#openUntilMs - this.#now();
    if (state === CircuitState.Open && waitMs > 0) return waitMs;
    if (state === CircuitState.Open) this.#halfOpen();
    else if (this.#isProbed) return PROBING_MS;
    this.#isProbed = true;
    return 'probe';
  }

  left(pass: Pass, outcome: Outcome): void {
    if (outcome === 'unknown') {
      // The next call takes the probe over.
      if (pass === 'probe') this.#isProbed = false;
      return;
    }
    this.#remember(outcome);
    if (pass === 'probe') this.#settle(outcome);
    else if (this.#breaker.state !== CircuitState.Closed) return;
    else if (outcome === 'good') this.#inARow.success();
    else this.#breaker.execute(fail).catch(() => {});
  }

  get health(): Health {
    const { state } = this.#breaker;
    if (state === CircuitState.Open && this.#now() < this.#openUntilMs) return 'down';
    if (state !== CircuitState.Closed) return 'degraded';
    return this.#now() - this.#lastBadMs < FRESH_MS && ones(this.#recent) >= DEGRADED_FROM ? 'degraded' : 'ok';
  }

  #halfOpen(): void {
    const probe = Promise.withResolvers<void>();
    this.#probe = probe;
    this.#breaker.execute(() => probe.promise).catch(() => {});
  }

  #settle(outcome: 'good' | 'bad'): void {
    if (outcome === 'good') this.#probe?.resolve();
    else this.#probe?.reject(new Error('the probe failed'));
  }

  #remember(outcome: 'good' | 'bad'): void {
    this.#recent = (this.#recent << 1) & ((1 << REMEMBERED) - 1);
    if (outcome === 'good') return;
    this.#recent |= 1;
    this.#lastBadMs = this.#now();
  }
}

/** While a probe is under way nobody knows for how long. */
const PROBING_MS = 1_000;

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
