// What calls have spent, put into the counters that they would have been booked in.
import type { Resource } from '../core/access.ts';
import type { RunId } from '../core/ids.ts';
import type { Quota } from '../core/quota.ts';
import type { Charge } from '../core/usage.ts';
import { type Counter, counterName } from './counter.ts';
import { newCounter } from './counters.ts';
import { type Claimant, claimsOf } from './quota-claims.ts';
import type { Claim } from './store.ts';

/** A call that was admitted, as far as limits go. */
export interface Spending {
  readonly access: Omit<Claimant['access'], 'resource'>;
  /** What it was for: one, or all that it may have been for where nobody knows. */
  readonly resources: readonly Resource[];
  /** The limits that it was admitted under. */
  readonly quotas: readonly Quota[];
  readonly charge: Charge;
  /** When requests are counted. Milliseconds since the epoch. */
  readonly admittedAtMs: number;
  /** When the rest is; undefined where it runs, and the ledger has what it holds. */
  readonly endedAtMs: number | undefined;
}

/** One counter in which something counts now. */
export interface Booked {
  readonly claim: Claim;
  readonly counter: Counter;
}

/** The counters of several tenants as they are at a moment. */
export class Bookings {
  readonly #now: number;
  readonly #tenants = new Map<string, Map<string, Booked>>();
  readonly #born = new Set<RunId | undefined>();

  constructor(nowMs: number) {
    this.#now = nowMs;
  }

  add({ access, resources, quotas, charge, admittedAtMs, endedAtMs }: Spending): void {
    const asking = { quote: charge, nowMs: this.#now };
    const claims = resources.flatMap((resource) =>
      claimsOf({ access: { ...access, resource }, decision: { quotas } }, asking).map(({ claim }) => claim),
    );
    const run = access.run.path.at(-1);
    const isBorn = this.#born.has(run);
    this.#born.add(run);
    for (const claim of new Map(claims.map((one) => [one.key, one])).values()) {
      if (claim.window.kind === 'none' || (isBorn && claim.mode === 'birth')) continue;
      const { counter } = this.#counterOf(access.principal.tenant, claim);
      const at = claim.mode === 'hold' ? endedAtMs : admittedAtMs;
      if (at !== undefined) counter.charge(claim.ask, { at: Math.min(at, this.#now), now: this.#now });
    }
  }

  get tenants(): readonly string[] {
    return [...this.#tenants.keys()];
  }

  /** Those of a tenant that are not at zero. */
  of(tenant: string): readonly Booked[] {
    return [...(this.#tenants.get(tenant)?.values() ?? [])].filter(({ counter }) => counter.settled > 0);
  }

  #counterOf(tenant: string, claim: Claim): Booked {
    const counters = this.#tenants.get(tenant) ?? new Map<string, Booked>();
    this.#tenants.set(tenant, counters);
    const name = counterName(claim);
    const known = counters.get(name);
    if (known) return known;
    const booked = { claim, counter: newCounter(claim.window) };
    const { window } = claim;
    booked.counter.enter(this.#now, window.kind === 'calendar' ? window : { startMs: 0, endMs: 0 });
    counters.set(name, booked);
    return booked;
  }
}
