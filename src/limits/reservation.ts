import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { CallId } from '../core/ids.ts';
import type { Standing } from '../core/quota.ts';
import type { Charge } from '../core/usage.ts';
import { type Ending, type Endings, endings } from './endings.ts';
import { type LeaseKeeper, leaseKeeper } from './lease-keeper.ts';
import { bookedOf } from './candidate-claims.ts';
import type { QuotaClaim } from './quota-claims.ts';
import { FREE_ACTIONS } from './run-admission.ts';
import type { Schedule } from './schedule.ts';
import type { ClaimState, LedgerStore } from './store.ts';

/** What a call holds until it ends. The first of `settle` and `release` counts; whatever comes later does nothing. */
export interface Reservation {
  /** The call with the candidates that its limits have room for. */
  readonly call: PermittedCall;
  /** Where each quota of the call stands, the call included. */
  readonly standings: readonly Standing[];
  /** Ends it with what was truly used, by the preferred candidate unless `sent` says which. */
  settle(charge: Charge, sent?: PermittedCall, isError?: boolean): void;
  /** Ends it with nothing used: the call was never sent. */
  release(): void;
}

/** Of a call that holds nothing. */
export const UNRESERVED = { standings: [], settle() {}, release() {} } satisfies Omit<Reservation, 'call'>;

export interface ReservationsSource {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly leaseMs: number;
  /** Told of an end that stands. */
  readonly onBooked: (ending: Ending) => void;
  readonly onGivenUp: (call: CallId) => void;
}

/** What a call claimed, and where its counters stand with it. */
export interface AdmittedClaims {
  readonly claims: readonly QuotaClaim[];
  readonly states: readonly ClaimState[];
}

/** The reservations of this process: keeps their leases alive and books their ends. */
export class Reservations {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #keeper: LeaseKeeper;
  readonly #endings: Endings;

  constructor({ store, clock, schedule, leaseMs, onBooked, onGivenUp }: ReservationsSource) {
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#keeper = leaseKeeper({ store, leaseMs, schedule });
    this.#endings = endings({ clock, schedule, onBooked, onGivenUp });
  }

  /** What a call holds that was admitted. */
  open(call: PermittedCall, { claims, states }: AdmittedClaims): Reservation {
    const standings = claims.map(({ quota }, index) => standingOf(quota, states[index] as ClaimState));
    // What is listed or counted is no step of a run, and what is only spent was charged by the admission.
    const isStep = !FREE_ACTIONS.has(call.access.action);
    if (!isStep && claims.every(({ claim }) => claim.mode !== 'hold')) return { ...UNRESERVED, call, standings };
    const { id } = call;
    const { tenant } = call.access.principal;
    const lease = this.#keeper.add(tenant, id);
    let isOpen = true;
    const close = (book: () => Promise<boolean>): void => {
      if (!isOpen) return;
      isOpen = false;
      lease.leave();
      this.#end(call, { claims, book });
    };
    return {
      call,
      standings,
      settle: (charge, sent = call, isError = false) => {
        const actual = claims.map((claim) => bookedOf(claim, { charge, sent }));
        const end = { tenant, call: id, actual };
        close(() => this.#store.settle(isStep ? { ...end, run: { charge, isError } } : end));
      },
      release: () => close(() => this.#store.release(tenant, id)),
    };
  }

  /** Ends what may have been booked for a call though the store did not say so, or may be yet. */
  takeBack(call: PermittedCall, claims: readonly QuotaClaim[]): void {
    this.#end(call, { claims, book: () => this.#store.release(call.access.principal.tenant, call.id) });
  }

  /** Books what has ended so far. Calls that still run are charged in full when their leases lapse. */
  async close(): Promise<void> {
    this.#keeper.stop();
    await this.#endings.close();
  }

  #end({ id, access }: PermittedCall, { claims, book }: Pick<Ending, 'claims' | 'book'>): void {
    const { tenant } = access.principal;
    this.#endings.add({ call: id, tenant, claims, book, untilMs: this.#clock.now() + this.#leaseMs });
  }
}

/** Where a quota stands by its counter. */
export function standingOf(quota: Standing['quota'], { settled, held, resetMs }: ClaimState): Standing {
  return { quota, remaining: Math.max(0, quota.amount - settled - held), resetMs };
}
