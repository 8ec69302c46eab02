/**
 * Whether a call can be afforded: reserve the worst case before it, book the truth after it.
 *
 * INVARIANT: a reservation ends exactly once, in a settlement or a release; until then its lease is kept alive.
 * INVARIANT: booking an end never holds up an answer; one that cannot be booked is charged in full by its lease.
 */
import type { Action } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { CallId } from '../core/ids.ts';
import type { Standing } from '../core/quota.ts';
import type { Charge } from '../core/usage.ts';
import { LEASE_MS } from './bounds.ts';
import { bookedOf, candidateClaims, without } from './candidate-claims.ts';
import { type Endings, endings } from './endings.ts';
import { type LeaseKeeper, leaseKeeper } from './lease-keeper.ts';
import type { QuotaClaim } from './quota-claims.ts';
import { refusal } from './refusal.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import type { AdmitResult, ClaimState, LedgerStore } from './store.ts';
import { isNotAsked } from './unavailable.ts';

/** What a call holds until it ends. The first of `settle` and `release` counts; whatever comes later does nothing. */
export interface Reservation {
  /** The call with the candidates that its limits have room for. */
  readonly call: PermittedCall;
  /** Where each quota of the call stands, the call included. */
  readonly standings: readonly Standing[];
  /** Ends it with what was truly used, by the preferred candidate unless `sent` says which. */
  settle(charge: Charge, sent?: PermittedCall): void;
  /** Ends it with nothing used: the call was never sent. */
  release(): void;
}

export interface Reserver {
  /**
   * Reserves the quote in every quota of the call, or in none; a candidate without room in its limits is left out. Rejects with `limit.rate`, `limit.concurrency` or
   * `limit.budget` where one refuses, `limit.unavailable` where the store does not answer, and `limit.lost` where the
   * tenant's ledger has vanished.
   */
  admit(call: PermittedCall, quote: Charge): Promise<Reservation>;
  /** Books what has ended so far. Calls that still run are charged in full when their leases lapse. */
  close(): Promise<void>;
}

export interface ReserverOptions {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly leaseMs?: number;
  readonly schedule?: Schedule;
  /** Told of a call let through unreserved, because the store did not answer and the call can cost nothing. */
  readonly onBypass?: (call: PermittedCall) => void;
  /** Told of an end that could not be booked: the lease charges the call in full. */
  readonly onGivenUp?: (call: CallId) => void;
}

const FREE_ACTIONS: ReadonlySet<Action> = new Set<Action>(['model.list', 'model.count', 'tool.list']);
const UNRESERVED = { standings: [], settle() {}, release() {} } satisfies Omit<Reservation, 'call'>;

export function reserver(options: ReserverOptions): Reserver {
  return new LedgerReserver(options);
}

class LedgerReserver implements Reserver {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #keeper: LeaseKeeper;
  readonly #endings: Endings;
  readonly #onBypass: (call: PermittedCall) => void;

  constructor(options: ReserverOptions) {
    const { store, clock, leaseMs = LEASE_MS, schedule = systemSchedule } = options;
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#keeper = leaseKeeper({ store, leaseMs, schedule });
    this.#endings = endings({ clock, schedule, onGivenUp: options.onGivenUp ?? (() => {}) });
    this.#onBypass = options.onBypass ?? (() => {});
  }

  async admit(call: PermittedCall, quote: Charge): Promise<Reservation> {
    const claims = candidateClaims(call, { quote, nowMs: this.#clock.now() });
    if (claims.length === 0) return { ...UNRESERVED, call };
    const { access } = call;
    const result = await this.#ask(call, claims);
    if (!result) return { ...UNRESERVED, call };
    if (result.kind === 'lost') throw lost(access.principal.tenant);
    if (result.kind === 'admitted') return this.#reserve(call, claims, result.states);
    const refused = at(claims, result.index);
    // A candidate that a limit refuses is none, as one that the policy refuses.
    const others = without(call, refused);
    if (others) return this.admit(others, quote);
    throw refusal({ ...refused, state: at(result.states, result.index), access });
  }

  async close(): Promise<void> {
    this.#keeper.stop();
    await this.#endings.close();
  }

  /** Undefined where the store did not answer and the call may pass without it. */
  async #ask(call: PermittedCall, claims: readonly QuotaClaim[]): Promise<AdmitResult | undefined> {
    const { tenant } = call.access.principal;
    try {
      const chain = [{ scope: 'call', claims: claims.map(({ claim }) => claim) }];
      return await this.#store.admit({ tenant, call: call.id, chain, leaseMs: this.#leaseMs });
    } catch (thrown) {
      // It may have been booked all the same, or may be yet: take it back, so that no lease charges it.
      if (!isNotAsked(thrown)) this.#end(call.id, () => this.#store.release(tenant, call.id));
      if (!FREE_ACTIONS.has(call.access.action)) throw thrown;
      this.#onBypass(call);
      return undefined;
    }
  }

  #reserve(call: PermittedCall, claims: readonly QuotaClaim[], states: readonly ClaimState[]): Reservation {
    const standings = claims.map(({ quota }, index) => standingOf(quota, at(states, index)));
    // What is only spent was charged by the admission.
    if (claims.every(({ claim }) => claim.mode === 'spend')) return { ...UNRESERVED, call, standings };
    const { id } = call;
    const { tenant } = call.access.principal;
    let isOpen = true;
    const close = (book: () => Promise<boolean>): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#keeper.remove(tenant, id);
      this.#end(id, book);
    };
    this.#keeper.add(tenant, id);
    return {
      call,
      standings,
      settle: (charge, sent = call) => {
        const actual = claims.map((claim) => bookedOf(claim, { charge, sent }));
        close(() => this.#store.settle({ tenant, call: id, actual }));
      },
      release: () => close(() => this.#store.release(tenant, id)),
    };
  }

  #end(call: CallId, book: () => Promise<boolean>): void {
    this.#endings.add({ call, book, untilMs: this.#clock.now() + this.#leaseMs });
  }
}

function standingOf(quota: Standing['quota'], { settled, held, resetMs }: ClaimState): Standing {
  return { quota, remaining: Math.max(0, quota.amount - settled - held), resetMs };
}

function lost(tenant: string): GatewayError {
  return new GatewayError(
    'limit.lost',
    `the record of what tenant \`${tenant}\` has spent was lost, so its limited calls are refused; ask the operator to put it back with \`waygate ledger rebuild\``,
  );
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
