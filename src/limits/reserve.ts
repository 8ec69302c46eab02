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
import { endings } from './endings.ts';
import { leaseKeeper } from './lease-keeper.ts';
import { bookedFor, claimsOf, type QuotaClaim } from './quota-claims.ts';
import { refusal } from './refusal.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import type { AdmitResult, ClaimState, LedgerStore } from './store.ts';
import { NotAsked } from './unavailable.ts';

/** What a call holds until it ends. The first of `settle` and `release` counts, whatever comes later does nothing. */
export interface Reservation {
  /** Where each quota of the call stands, the call included. */
  readonly standings: readonly Standing[];
  /** Ends it with what was truly used. */
  settle(charge: Charge): void;
  /** Ends it with nothing used: the call was never sent. */
  release(): void;
}

export interface Reserver {
  /**
   * Reserves the quote in every quota of the call, or in none. Rejects with `limit.rate`, `limit.concurrency` or
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
const UNRESERVED: Reservation = { standings: [], settle() {}, release() {} };
const ignore = (): void => {};

export function reserver(options: ReserverOptions): Reserver {
  const {
    store,
    clock,
    leaseMs = LEASE_MS,
    schedule = systemSchedule,
    onBypass = ignore,
    onGivenUp = ignore,
  } = options;
  const keeper = leaseKeeper({ store, leaseMs, schedule });
  const ends = endings({ clock, schedule, onGivenUp });

  async function admit(call: PermittedCall, quote: Charge): Promise<Reservation> {
    const claims = claimsOf(call, { quote, nowMs: clock.now() });
    if (claims.length === 0) return UNRESERVED;
    const { access } = call;
    const result = await askStore(call, claims);
    if (!result) return UNRESERVED;
    if (result.kind === 'lost') throw lost(access.principal.tenant);
    if (result.kind === 'admitted') return reserved(call, claims, result.states);
    throw refusal({ ...at(claims, result.index), state: at(result.states, result.index), access });
  }

  /** Undefined where the store did not answer and the call may pass without it. */
  async function askStore(call: PermittedCall, claims: readonly QuotaClaim[]): Promise<AdmitResult | undefined> {
    const { tenant } = call.access.principal;
    try {
      const chain = [{ scope: 'call', claims: claims.map(({ claim }) => claim) }];
      return await store.admit({ tenant, call: call.id, chain, leaseMs });
    } catch (thrown) {
      // It may have been booked all the same, or may be yet: take it back, so that no lease charges it.
      if (!isNotAsked(thrown)) end(call.id, () => store.release(tenant, call.id));
      if (!FREE_ACTIONS.has(call.access.action)) throw thrown;
      onBypass(call);
      return undefined;
    }
  }

  function reserved(call: PermittedCall, claims: readonly QuotaClaim[], states: readonly ClaimState[]): Reservation {
    const standings = claims.map(({ quota }, index) => standingOf(quota, at(states, index)));
    // What is only spent was charged by the admission.
    if (claims.every(({ claim }) => claim.mode === 'spend')) return { ...UNRESERVED, standings };
    const { id } = call;
    const { tenant } = call.access.principal;
    let isOpen = true;
    keeper.add(tenant, id);
    const close = (book: () => Promise<unknown>): void => {
      if (!isOpen) return;
      isOpen = false;
      keeper.remove(tenant, id);
      end(id, book);
    };
    return {
      standings,
      settle(charge) {
        close(() => store.settle({ tenant, call: id, actual: claims.map(({ claim }) => bookedFor(claim, charge)) }));
      },
      release() {
        close(() => store.release(tenant, id));
      },
    };
  }

  function end(call: CallId, book: () => Promise<unknown>): void {
    ends.add({ call, book, untilMs: clock.now() + leaseMs });
  }

  return {
    admit,
    close() {
      keeper.stop();
      return ends.close();
    },
  };
}

function standingOf(quota: Standing['quota'], { settled, held, resetMs }: ClaimState): Standing {
  return { quota, remaining: Math.max(0, quota.amount - settled - held), resetMs };
}

function isNotAsked(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.cause instanceof NotAsked;
}

function lost(tenant: string): GatewayError {
  return new GatewayError(
    'limit.lost',
    `the record of what tenant \`${tenant}\` has spent was lost, so its limited calls are refused; ask the operator to rebuild it`,
  );
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
