/**
 * Whether a call can be afforded: reserve the worst case before it, book the truth after it. One that only a rate or what
 * others hold keeps out waits for its turn.
 *
 * INVARIANT: a reservation ends exactly once, in a settlement or a release; until then its lease is kept alive.
 * INVARIANT: booking an end never holds up an answer; one that cannot be booked is charged in full by its lease.
 */
import type { Action } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import type { CallTrace } from '../core/trace.ts';
import type { Charge } from '../core/usage.ts';
import { LEASE_MS } from './bounds.ts';
import type { Ending } from './endings.ts';
import type { Blocked } from './lane.ts';
import { type Obstacle, obstacleOf } from './obstacle.ts';
import type { PlacesMax } from './places.ts';
import { claimsOf, type QuotaClaim } from './quota-claims.ts';
import { refusal } from './refusal.ts';
import { type Reservation, Reservations, UNRESERVED } from './reservation.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import type { AdmitResult, Claim, LedgerStore } from './store.ts';
import { isNotAsked } from './unavailable.ts';
import type { WaitOutcome, Wish } from './waiter.ts';
import { WaitingRoom } from './waiting-room.ts';

/** What a call asks for, and how it may wait for it. */
export interface Admission {
  /** The worst that the call may use. */
  readonly quote: Charge;
  readonly waiting: WaitingConfig;
  /** Says when the client goes away, which ends the wait of a call that its client may abort. */
  readonly request: Pick<Incoming, 'onAbort'>;
  /** Told of the end of a wait, where there was one. */
  readonly trace: Pick<CallTrace, 'waited'>;
}

/** `limits` of the config. */
export interface WaitingConfig extends PlacesMax {
  /** The longest wait, where a limit does not say its own; 0 for none. */
  readonly waitMs: number;
}

/** A wait that is over. */
export interface Wait {
  readonly ms: number;
  /** The limit that the call waited for first. */
  readonly limit: string;
  readonly outcome: WaitOutcome;
}

export interface Reserver {
  /** Calls that wait now. */
  readonly waiting: number;
  /**
   * Reserves the quote in every quota of the call, or in none; waits where that helps. Rejects with `limit.rate`,
   * `limit.concurrency` or `limit.budget` where one refuses, `limit.unavailable` where the store does not answer,
   * `limit.lost` where the tenant's ledger has vanished, and `request.aborted` where the client left its wait.
   */
  admit(call: PermittedCall, admission: Admission): Promise<Reservation>;
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
  /** Told of a call let through unreserved, because the store did not answer and the call can cost nothing. */
  readonly onBypass?: (call: PermittedCall) => void;
  /** Told of every end of a wait. */
  readonly onWaited?: (wait: Wait) => void;
  /** Told of an end that could not be booked: the lease charges the call in full. */
  readonly onGivenUp?: (call: CallId) => void;
}

/** What is listed or counted costs nothing. */
const FREE_ACTIONS: ReadonlySet<Action> = new Set<Action>(['model.list', 'model.count', 'tool.list']);

export function reserver(options: ReserverOptions): Reserver {
  return new LedgerReserver(options);
}

class LedgerReserver implements Reserver {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #reservations: Reservations;
  readonly #room: WaitingRoom;
  readonly #onBypass: (call: PermittedCall) => void;
  readonly #onWaited: (wait: Wait) => void;

  constructor(options: ReserverOptions) {
    const { store, clock, leaseMs = LEASE_MS, schedule = systemSchedule, random = Math.random } = options;
    const { onBypass = () => {}, onWaited = () => {}, onGivenUp = () => {} } = options;
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#onBypass = onBypass;
    this.#onWaited = onWaited;
    this.#room = new WaitingRoom({ schedule, random });
    const onBooked = ({ tenant, claims }: Ending): void => this.#wake(tenant, claims);
    this.#reservations = new Reservations({ store, clock, schedule, leaseMs, onBooked, onGivenUp });
  }

  get waiting(): number {
    return this.#room.size;
  }

  async admit(call: PermittedCall, admission: Admission): Promise<Reservation> {
    const sinceMs = this.#clock.now();
    const claims = claimsOf(call, { quote: admission.quote, nowMs: sinceMs });
    if (claims.length === 0) return UNRESERVED;
    const ahead = this.#room.size > 0 ? this.#ahead(call, { claims, admission }) : undefined;
    const answer = ahead ?? (await this.#try(call, { claims, admission, sinceMs }));
    return 'standings' in answer ? answer : this.#wait(call, { admission, sinceMs, blocked: answer });
  }

  endWaits(error: GatewayError): void {
    this.#room.close(error);
  }

  close(): Promise<void> {
    return this.#reservations.close();
  }

  /** What keeps those waiting that the call would otherwise pass. */
  #ahead(call: PermittedCall, { claims, admission }: Pick<Trying, 'claims' | 'admission'>): Blocked | undefined {
    for (const { quota, claim } of claims) {
      const waitMs = quota.waitMs ?? admission.waiting.waitMs;
      const last = claim.enforced && waitMs > 0 && this.#room.blockedBy(laneOf(call, claim));
      if (last) return { ...last, waitMs };
    }
    return undefined;
  }

  /** Rejects with the refusal where no wait helps, or none is left. */
  async #try(call: PermittedCall, { claims, admission, sinceMs }: Trying): Promise<Reservation | Blocked> {
    const result = await this.#ask(call, claims);
    if (!result) return UNRESERVED;
    if (result.kind === 'admitted') return this.#reservations.open(call, { claims, states: result.states });
    if (result.kind === 'lost') throw lost(call.access.principal.tenant);
    const { waitMs } = admission.waiting;
    const ageMs = this.#clock.now() - sinceMs;
    const leftMs = ({ quota }: QuotaClaim): number => (quota.waitMs ?? waitMs) - ageMs;
    const obstacle = obstacleOf(claims, { ...result, leftMs });
    if (!obstacle.waits) throw refusal({ ...obstacle, access: call.access, waitedMs: ageMs });
    return blockedBy(obstacle, { lane: laneOf(call, obstacle.claim), waitMs: obstacle.quota.waitMs ?? waitMs });
  }

  /** Undefined where the store did not answer and the call may pass without it. */
  async #ask(call: PermittedCall, claims: readonly QuotaClaim[]): Promise<AdmitResult | undefined> {
    const { tenant } = call.access.principal;
    try {
      const chain = [{ scope: 'call', claims: claims.map(({ claim }) => claim) }];
      return await this.#store.admit({ tenant, call: call.id, chain, leaseMs: this.#leaseMs });
    } catch (thrown) {
      // It may have been booked all the same, or may be yet: take it back, so that no lease charges it.
      if (!isNotAsked(thrown)) this.#reservations.takeBack(call, claims);
      if (!this.#mayPass(call)) throw thrown;
      return undefined;
    }
  }

  #mayPass(call: PermittedCall): boolean {
    if (!FREE_ACTIONS.has(call.access.action)) return false;
    this.#onBypass(call);
    return true;
  }

  #wait(call: PermittedCall, { admission, sinceMs, blocked }: Blocking): Promise<Reservation> {
    const { quote, waiting, request, trace } = admission;
    const { principal, run } = call.access;
    const claims = (): readonly QuotaClaim[] => claimsOf(call, { quote, nowMs: this.#clock.now() });
    const inLane = (lane: string): QuotaClaim =>
      claims().find(({ claim }) => laneOf(call, claim) === lane) as QuotaClaim;
    const age = (): number => this.#clock.now() - sinceMs;
    const limit = inLane(blocked.lane).quota.id;
    const wish: Wish = {
      flow: [principal.tenant, principal.id, run.id],
      bytes: call.body.length,
      ask: () => this.#try(call, { claims: claims(), admission, sinceMs }),
      unledgered: () => (this.#mayPass(call) ? UNRESERVED : undefined),
      refuse: ({ lane, state }) => refusal({ ...inLane(lane), state, access: call.access, waitedMs: age() }),
      age,
      waited: (outcome) => {
        const wait = { ms: age(), limit, outcome };
        trace.waited(wait);
        this.#onWaited(wait);
      },
    };
    const waiter = this.#room.wait(wish, { blocked, places: waiting });
    if (call.abortable) request.onAbort(() => waiter.leave(clientLeft(), 'aborted'));
    return waiter.reservation;
  }

  #wake(tenant: string, claims: readonly QuotaClaim[]): void {
    if (this.#room.size === 0) return;
    for (const { claim } of claims) if (claim.mode === 'hold') this.#room.wake(laneName(tenant, claim));
  }
}

interface Trying {
  readonly claims: readonly QuotaClaim[];
  readonly admission: Admission;
  /** When the call came. */
  readonly sinceMs: number;
}

interface Blocking extends Omit<Trying, 'claims'> {
  readonly blocked: Blocked;
}

function laneOf({ access }: PermittedCall, claim: Claim): string {
  return laneName(access.principal.tenant, claim);
}

// No tenant and no counter has a line break in its name.
function laneName(tenant: string, { key }: Claim): string {
  return `${tenant}\n${key}`;
}

function blockedBy({ claim, state }: Obstacle, way: Pick<Blocked, 'lane' | 'waitMs'>): Blocked {
  const isUniform = claim.unit === 'requests' || claim.unit === 'concurrency';
  return { ...way, retryMs: state.retryMs, mayEndSooner: claim.mode === 'hold', isUniform, state };
}

function clientLeft(): GatewayError {
  return new GatewayError('request.aborted', 'the client went away while its call waited for room');
}

function lost(tenant: string): GatewayError {
  return new GatewayError(
    'limit.lost',
    `the record of what tenant \`${tenant}\` has spent was lost, so its limited calls are refused; ask the operator to rebuild it`,
  );
}
