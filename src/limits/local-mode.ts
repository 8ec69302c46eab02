/**
 * What a route may let through by itself while the store does not answer: little, for a short time, and never for nothing.
 *
 * INVARIANT: what calls may have spent that the ledger does not know of never passes the budget of their bounds.
 * INVARIANT: a tenant whose ledger was lost is not let in by it.
 */
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import { formatMoney } from '../core/money.ts';
import type { Charge } from '../core/usage.ts';
import type { Admission } from './admission.ts';
import type { Adoptions } from './adoptions.ts';
import { LEASE_MAX_MS } from './bounds.ts';
import { bookedOf, candidateClaims } from './candidate-claims.ts';
import { type LocalBounds, localCall } from './local-bounds.ts';
import { bookedFor, type QuotaClaim } from './quota-claims.ts';
import { type Reservation, standingOf } from './reservation.ts';
import type { AdmitResult, Claim, ClaimState } from './store.ts';
import { TenantLedger } from './tenant-ledger.ts';
import { isGone, localExhausted } from './unavailable.ts';
import { UnbookedMoney } from './unbooked-money.ts';

/** A call that the store did not answer. */
export interface Unanswered {
  readonly admission: Admission;
  /** What the ledger was asked for, and will be told of. */
  readonly claims: readonly QuotaClaim[];
  readonly error: GatewayError;
}

interface Asked extends Pick<Admission, 'quote'> {
  readonly bounds: LocalBounds;
  readonly nowMs: number;
}

export class LocalMode {
  readonly #clock: Clock;
  readonly #adoptions: Adoptions;
  /** Counts all tenants, from zero: what others let in, or the ledger holds, nobody can know here. */
  readonly #ledger = new TenantLedger();
  readonly #money = new UnbookedMoney();
  /** By tenant: since when the store has answered none of its calls. */
  readonly #outages = new Map<string, number>();
  readonly #lost = new Set<string>();

  constructor({ clock, adoptions }: { readonly clock: Clock; readonly adoptions: Adoptions }) {
    this.#clock = clock;
    this.#adoptions = adoptions;
  }

  /** Whether it wants to know of the next answer of the store. */
  get isListening(): boolean {
    return this.#outages.size > 0 || this.#lost.size > 0;
  }

  /** Since when it stands in for the store, for any tenant. */
  get sinceMs(): number | undefined {
    return this.#outages.size > 0 ? Math.min(...this.#outages.values()) : undefined;
  }

  /** The store knows the tenant and answers. */
  answered(tenant: string): void {
    this.#outages.delete(tenant);
    this.#lost.delete(tenant);
  }

  /** The store has lost the tenant's ledger. */
  lost(tenant: string): void {
    this.#outages.delete(tenant);
    this.#lost.add(tenant);
  }

  /** Lets a call in, or gives the error that refuses it: the store's, where its route has no local mode. */
  admit(call: PermittedCall, { admission, claims, error }: Unanswered): Reservation | GatewayError {
    const { tenant } = call.access.principal;
    const local = admission.localBounds && localCall(call, admission.localBounds);
    if (!local || !isGone(error) || this.#lost.has(tenant)) return error;
    const nowMs = this.#clock.now();
    const sinceMs = this.#outages.get(tenant) ?? nowMs;
    this.#outages.set(tenant, sinceMs);
    const { bounds } = local;
    if (nowMs - sinceMs >= bounds.forMs) {
      return localExhausted(error, { name: bounds.name, what: `its ${seconds(bounds.forMs)} are over` });
    }
    return this.#reserve(local.call, { bounds, nowMs, quote: admission.quote, claims, error });
  }

  #reserve(call: PermittedCall, asked: Asked & Pick<Unanswered, 'claims' | 'error'>): Reservation | GatewayError {
    const { bounds, nowMs, quote, claims, error } = asked;
    const { name, budget } = bounds;
    const { tenant } = call.access.principal;
    const money = this.#money.take(`${name} ${tenant}`, { amount: quote.money, max: budget });
    if (!money) {
      const what = `of ${formatMoney(budget)} too little is left that the ledger does not know of`;
      return localExhausted(error, { name, what });
    }
    const own = candidateClaims(call, { quote, nowMs });
    const result = this.#count(call, own, asked);
    if (result.kind === 'exceeded') {
      money.free();
      const { quota } = own[result.index] ?? {};
      const what = quota
        ? `\`${quota.id}\` is used up`
        : `its rate ${textOf(bounds, result.index - own.length)} is used up`;
      return localExhausted(error, { name, what, rule: quota?.id });
    }
    const adopted = this.#adoptions.add({ call, claims, quote, onKnown: () => money.free() });
    return {
      call,
      standings: own.map(({ quota }, index) => standingOf(quota, result.states[index] as ClaimState)),
      settle: (charge: Charge, sent = call) => {
        if (!adopted.end((reservation) => reservation.settle(charge, sent))) return;
        const actual = own.map((claim) => bookedOf(claim, { charge, sent }));
        this.#ledger.settle({ tenant, call: call.id, actual }, this.#clock.now());
        money.becomes(bookedFor({ unit: 'money', ask: quote.money }, charge));
      },
      release: () => {
        if (!adopted.end((reservation) => reservation.release())) return;
        this.#ledger.release(call.id, this.#clock.now());
        money.becomes(0);
      },
    };
  }

  /** The call's own limits, as far as this process can keep them, and the rates of its bounds. */
  #count(call: PermittedCall, own: readonly QuotaClaim[], { bounds, nowMs }: Asked): Counted {
    const { tenant, id: principal } = call.access.principal;
    const { name, rate, total } = bounds;
    const claims = [
      ...own.map(({ claim }) => ({ ...claim, key: `limit ${tenant} ${claim.key}` })),
      rateClaim(`rate ${name} ${principal}`, rate),
      rateClaim(`total ${name}`, total),
    ];
    const chain = [{ scope: 'local', claims }];
    // Longer than any time that it may let calls in: until then what they hold is held.
    return this.#ledger.admit({ tenant, call: call.id, chain, leaseMs: LEASE_MAX_MS }, nowMs) as Counted;
  }
}

/** It loses nothing, knows of no runs, and no call comes to it released. */
type Counted = Exclude<AdmitResult, { readonly kind: 'lost' | 'moved' }>;

function rateClaim(key: string, { amount, ms }: LocalBounds['rate']): Claim {
  const window = { kind: 'rolling', ms } as const;
  return { key, unit: 'requests', ask: 1, limit: amount, window, enforced: true, mode: 'spend' };
}

function textOf({ rate, total }: LocalBounds, index: number): string {
  const { amount, ms } = index === 0 ? rate : total;
  return `of ${amount} calls in ${seconds(ms)} for ${index === 0 ? 'one caller' : 'all callers'}`;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
