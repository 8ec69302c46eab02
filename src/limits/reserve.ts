/**
 * Whether a call can be afforded: reserve the worst case before it, book the truth after it. One that only a rate or what
 * others hold keeps out waits for its turn.
 *
 * INVARIANT: a reservation ends exactly once, in a settlement or a release; until then its lease is kept alive.
 * INVARIANT: booking an end never holds up an answer; one that cannot be booked is charged in full by its lease.
 */
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { type GatewayError, toGatewayError } from '../core/errors.ts';
import type { CallId } from '../core/ids.ts';
import { UNHEARD_TREE } from '../core/run.ts';
import { TreeMoved } from '../core/tree-moved.ts';
import type { Admission, Wait } from './admission.ts';
import { Adoptions } from './adoptions.ts';
import { LEASE_MS } from './bounds.ts';
import { candidateClaims, without } from './candidate-claims.ts';
import { counterLane, fullCounter } from './counter-lane.ts';
import type { Ending } from './endings.ts';
import type { Blocked } from './lane.ts';
import { LocalMode, type Unanswered } from './local-mode.ts';
import { obstacleOf } from './obstacle.ts';
import { type Coming, Queue } from './queue.ts';
import type { QuotaClaim } from './quota-claims.ts';
import { refusal } from './refusal.ts';
import { type Reservation, Reservations, UNRESERVED } from './reservation.ts';
import { FREE_ACTIONS, runAdmission } from './run-admission.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import type { AdmitResult, LedgerStore } from './store.ts';
import { isNotAsked, ledgerLost, unheard } from './unavailable.ts';

export interface Reserver {
  /** Calls that wait now. */
  readonly waiting: number;
  /** Since when calls are let in by local modes, in milliseconds since the epoch; undefined while the store answers. */
  readonly localSinceMs: number | undefined;
  /**
   * Reserves the quote in every quota of the call, or in none; leaves out a candidate without room in its limits, and waits
   * where that helps and no other is left. Rejects with `limit.rate`,
   * `limit.concurrency` or `limit.budget` where one refuses, `limit.unavailable` where the store does not answer,
   * `limit.lost` where the tenant's ledger has vanished, `request.aborted` where the client left its wait, and with
   * `TreeMoved` where its run is not as it was when the call was judged.
   */
  admit(call: PermittedCall, admission: Admission): Promise<Reservation>;
  /** Takes what an answer says of its upstream's pace: nothing more of the model until a moment, or undefined. */
  heard(call: PermittedCall, closedUntilMs: number | undefined): void;
  /** Ends all waits with an error; from here on nobody waits. */
  endWaits(error: GatewayError): void;
  /** Books what has ended so far. Calls that still run are charged in full when their leases lapse. */
  close(): Promise<void>;
}

export interface ReserverOptions {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly leaseMs?: number;
  readonly schedule?: Schedule;
  readonly random?: () => number;
  /** Told of a call let through although the store did not answer: it can cost nothing, or by the local mode that it names. */
  readonly onBypass?: (call: PermittedCall, error: GatewayError) => void;
  /** Told of every end of a wait. */
  readonly onWaited?: (wait: Wait) => void;
  /** Told of an end that could not be booked: the lease charges the call in full. */
  readonly onGivenUp?: (call: CallId) => void;
  /** Told of a call that a local mode let in and that never got into the ledger: only the audit has it. */
  readonly onUnbooked?: (call: CallId) => void;
}

export function reserver(options: ReserverOptions): Reserver {
  return new LedgerReserver(options);
}

class LedgerReserver implements Reserver {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #reservations: Reservations;
  readonly #queue: Queue;
  readonly #adoptions: Adoptions;
  readonly #local: LocalMode;
  readonly #onBypass: (call: PermittedCall, error: GatewayError) => void;

  constructor(options: ReserverOptions) {
    const { store, clock, leaseMs = LEASE_MS, schedule = systemSchedule, random = Math.random } = options;
    const { onBypass = () => {}, onWaited = () => {}, onGivenUp = () => {}, onUnbooked = () => {} } = options;
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#onBypass = onBypass;
    this.#queue = new Queue({ clock, schedule, random, onWaited });
    const onBooked = ({ tenant, claims }: Ending): void => this.#queue.freed(tenant, claims);
    const reservations = new Reservations({ store, clock, schedule, leaseMs, onBooked, onGivenUp });
    const onAnswer = (tenant: string, kind: AdmitResult['kind']): void => this.#answered(tenant, kind);
    this.#reservations = reservations;
    this.#adoptions = new Adoptions({ store, schedule, leaseMs, reservations, onAnswer, onUnbooked });
    this.#local = new LocalMode({ clock, adoptions: this.#adoptions });
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get localSinceMs(): number | undefined {
    return this.#local.sinceMs;
  }

  async admit(call: PermittedCall, admission: Admission): Promise<Reservation> {
    const sinceMs = this.#clock.now();
    const claims = candidateClaims(call, { quote: admission.quote, nowMs: sinceMs });
    const isFree = claims.length === 0 && FREE_ACTIONS.has(call.access.action);
    if (isFree && !this.#queue.hasGates) return { ...UNRESERVED, call };
    const { waiting } = admission;
    const ahead = this.#queue.size > 0 ? this.#queue.ahead(call, { claims, waiting }) : undefined;
    const answer = ahead ?? (await this.#try(call, { claims, admission, sinceMs }));
    return 'standings' in answer ? answer : this.#wait(call, { admission, sinceMs, blocked: answer });
  }

  heard(call: PermittedCall, closedUntilMs: number | undefined): void {
    this.#queue.heard(call, closedUntilMs);
  }

  endWaits(error: GatewayError): void {
    this.#queue.close(error);
  }

  async close(): Promise<void> {
    await this.#adoptions.close();
    await this.#reservations.close();
  }

  /** Throws the refusal, or rejects with it, where no wait helps or none is left. */
  #try(call: PermittedCall, trying: Trying): Answer | Promise<Answer> {
    const { claims, admission, sinceMs } = trying;
    // A call that can go elsewhere is not kept waiting by one upstream's pace.
    const isGated = this.#queue.hasGates && call.fallbacks.length === 0;
    const closed = isGated ? this.#queue.gate(call, { admission, sinceMs }) : undefined;
    if (closed) return closed;
    const { action, principal, run } = call.access;
    const isFree = FREE_ACTIONS.has(action);
    if (isFree && claims.length === 0) return { ...UNRESERVED, call };
    // Asked for the run a moment ago, the store did not answer.
    if (run.tree === UNHEARD_TREE) return this.#without(call, unheard(), trying);
    const asked = {
      tenant: principal.tenant,
      call: call.id,
      chain: [{ scope: 'call', claims: claims.map(({ claim }) => claim) }],
      leaseMs: this.#leaseMs,
    };
    return this.#store.admit(isFree ? asked : { ...asked, run: runAdmission(call, admission.quote) }).then(
      (result) => this.#judge(call, result, trying),
      (thrown: unknown) => this.#without(call, toGatewayError(thrown), trying),
    );
  }

  /** What the store's answer means for the call. */
  #judge(call: PermittedCall, result: AdmitResult, { claims, admission, sinceMs }: Trying): Answer | Promise<Answer> {
    const { tenant } = call.access.principal;
    if (this.#local.isListening || result.kind === 'lost') this.#answered(tenant, result.kind);
    if (result.kind === 'admitted') return this.#reservations.open(call, { claims, states: result.states });
    if (result.kind === 'lost') throw ledgerLost(tenant);
    if (result.kind === 'moved') throw new TreeMoved(result.tree, call.access.run.tree);
    const others = without(call, claims[result.index] as QuotaClaim);
    if (others) return this.#try(others, { claims: this.#claimsOf(others, admission), admission, sinceMs });
    const { waitMs } = admission.waiting;
    const ageMs = this.#clock.now() - sinceMs;
    const leftMs = ({ quota }: QuotaClaim): number => (quota.waitMs ?? waitMs) - ageMs;
    const obstacle = obstacleOf(claims, { ...result, leftMs });
    if (!obstacle.waits) throw refusal({ ...obstacle, access: call.access, waitedMs: ageMs });
    const lane = counterLane(call, obstacle.claim);
    return fullCounter(obstacle, { lane, waitMs: obstacle.quota.waitMs ?? waitMs });
  }

  /** A reservation where the store did not answer and the call may pass without it; throws where it may not. */
  #without(call: PermittedCall, error: GatewayError, { claims, admission }: Trying): Reservation {
    const instead = this.#unledgered(call, { admission, claims, error });
    const isLet = 'standings' in instead;
    // It may have been booked all the same, or may be yet: take it back, so that no lease charges it. What a local mode
    // lets in goes into the ledger under the same id.
    if (!isNotAsked(error) && !(isLet && instead.call.localMode !== undefined)) {
      this.#reservations.takeBack(call, claims);
    }
    if (!isLet) throw instead;
    return instead;
  }

  #answered(tenant: string, kind: AdmitResult['kind']): void {
    if (kind === 'lost') this.#local.lost(tenant);
    else this.#local.answered(tenant);
  }

  #wait(call: PermittedCall, { admission, sinceMs, blocked }: Waiting): Promise<Reservation> {
    return this.#queue.wait(call, {
      admission,
      sinceMs,
      blocked,
      ask: async () => this.#try(call, { claims: this.#claimsOf(call, admission), admission, sinceMs }),
      unledgered: (error) => this.#unledgered(call, { admission, claims: this.#claimsOf(call, admission), error }),
    });
  }

  #claimsOf(call: PermittedCall, { quote }: Admission): readonly QuotaClaim[] {
    return candidateClaims(call, { quote, nowMs: this.#clock.now() });
  }

  /** Lets a call in that needs no ledger where there is none, and tells of it; or gives what refuses it. */
  #unledgered(call: PermittedCall, unanswered: Unanswered): Reservation | GatewayError {
    const isFree = FREE_ACTIONS.has(call.access.action);
    const reservation = isFree ? { ...UNRESERVED, call } : this.#local.admit(call, unanswered);
    if ('standings' in reservation) this.#onBypass(reservation.call, unanswered.error);
    return reservation;
  }
}

/** A reservation, or what keeps the call waiting. */
type Answer = Reservation | Blocked;

interface Trying extends Coming {
  readonly claims: readonly QuotaClaim[];
}

interface Waiting extends Coming {
  readonly blocked: Blocked;
}
