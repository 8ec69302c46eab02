/**
 * Calls that were let in while the store did not answer go into the ledger as soon as it does: running ones as reservations,
 * ended ones as spent, each once by its id and whatever the limits say of it, since it has happened.
 *
 * INVARIANT: a call is waited with until the store has said that it knows of it, or that the tenant's ledger is lost.
 */
import type { PermittedCall } from '../core/call.ts';
import type { CallId } from '../core/ids.ts';
import type { Charge } from '../core/usage.ts';
import type { QuotaClaim } from './quota-claims.ts';
import type { Reservation, Reservations } from './reservation.ts';
import { ANY_TREE, runAdmission } from './run-admission.ts';
import type { Schedule } from './schedule.ts';
import type { AdmitResult, LedgerStore } from './store.ts';

/** A call that the ledger does not know of. */
export interface Adoptee {
  readonly call: PermittedCall;
  /** What the ledger would have been asked for. */
  readonly claims: readonly QuotaClaim[];
  readonly quote: Charge;
  /** Told once the ledger knows of it. */
  readonly onKnown: () => void;
}

/** How a call ends, in the ledger. */
type End = (reservation: Reservation) => void;

export interface Adopted {
  /** Ends the call, once: in the ledger where that knows of it, else as soon as it does. False where it had ended. */
  end(how: End): boolean;
}

export interface AdoptionsSource {
  readonly store: LedgerStore;
  readonly schedule: Schedule;
  readonly leaseMs: number;
  readonly reservations: Reservations;
  /** What the store has said of a tenant. */
  readonly onAnswer: (tenant: string, kind: AdmitResult['kind']) => void;
  /** Told of a call that never got into the ledger: only the audit has it. */
  readonly onUnbooked: (call: CallId) => void;
}

const AGAIN_MS = 1_000;
const AT_ONCE_MAX = 500;

export class Adoptions {
  readonly #source: AdoptionsSource;
  readonly #waiting = new Map<CallId, Waiting>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop: () => void;

  constructor(source: AdoptionsSource) {
    this.#source = source;
    this.#stop = source.schedule.every(AGAIN_MS, () => this.#again(AT_ONCE_MAX));
  }

  add(adoptee: Adoptee): Adopted {
    const one = new Waiting(adoptee);
    this.#waiting.set(adoptee.call.id, one);
    return one;
  }

  /** Tries once more what waits, and tells of what the ledger still does not know. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.all(this.#underWay);
    this.#again(this.#waiting.size);
    await Promise.all(this.#underWay);
    for (const call of this.#waiting.keys()) this.#source.onUnbooked(call);
  }

  #again(count: number): void {
    if (this.#waiting.size === 0 || this.#underWay.size > 0) return;
    for (const one of [...this.#waiting.values()].slice(0, count)) {
      const told = this.#adopt(one).finally(() => this.#underWay.delete(told));
      this.#underWay.add(told);
    }
  }

  async #adopt(one: Waiting): Promise<void> {
    const { store, leaseMs, reservations, onAnswer, onUnbooked } = this.#source;
    const { call, claims, quote, onKnown } = one.adoptee;
    const { tenant } = call.access.principal;
    // What has happened is not refused.
    const chain = [{ scope: 'call', claims: claims.map(({ claim }) => ({ ...claim, enforced: false })) }];
    const run = { ...runAdmission(call, quote), run: { ...call.access.run, tree: ANY_TREE }, counts: [] };
    const result = await store.admit({ tenant, call: call.id, chain, leaseMs, run }).catch(() => undefined);
    if (!result || result.kind === 'moved') return;
    this.#waiting.delete(call.id);
    onKnown();
    onAnswer(tenant, result.kind);
    if (result.kind === 'lost') onUnbooked(call.id);
    else one.open(reservations.open(call, { claims, states: result.states }));
  }
}

class Waiting implements Adopted {
  readonly adoptee: Adoptee;
  #how: End | undefined;
  #reservation: Reservation | undefined;

  constructor(adoptee: Adoptee) {
    this.adoptee = adoptee;
  }

  end(how: End): boolean {
    if (this.#how) return false;
    this.#how = how;
    if (this.#reservation) how(this.#reservation);
    return true;
  }

  open(reservation: Reservation): void {
    this.#reservation = reservation;
    this.#how?.(reservation);
  }
}
