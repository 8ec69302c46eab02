// Who waits behind whom: counters of tenants, and the upstreams' own pace, over one waiting room.
import type { AccessRequest } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Admission, Wait } from './admission.ts';
import { candidateClaims } from './candidate-claims.ts';
import { counterLane, laneName } from './counter-lane.ts';
import type { Blocked } from './lane.ts';
import { closedGate, gateLane, PaceGates, paceRefusal } from './pace-gates.ts';
import type { QuotaClaim } from './quota-claims.ts';
import { refusal } from './refusal.ts';
import type { Reservation } from './reservation.ts';
import type { Wish } from './waiter.ts';
import { WaitingRoom, type WaitingRoomSource } from './waiting-room.ts';

export interface QueueSource extends WaitingRoomSource {
  readonly clock: Clock;
  readonly onWaited: (wait: Wait) => void;
}

/** A call, and when it came. */
export interface Coming {
  readonly admission: Admission;
  readonly sinceMs: number;
}

export interface Blocking extends Coming, Pick<Wish, 'ask' | 'unledgered'> {
  readonly blocked: Blocked;
}

/** What a call claims, and how it may wait for it. */
export interface Claiming {
  readonly claims: readonly QuotaClaim[];
  readonly waiting: Admission['waiting'];
}

export class Queue {
  readonly #clock: Clock;
  readonly #onWaited: (wait: Wait) => void;
  readonly #room: WaitingRoom;
  readonly #gates = new PaceGates();

  constructor({ clock, onWaited, ...room }: QueueSource) {
    this.#clock = clock;
    this.#onWaited = onWaited;
    this.#room = new WaitingRoom(room);
  }

  /** Calls that wait. */
  get size(): number {
    return this.#room.size;
  }

  /** Whether an upstream has said that it takes nothing more of some model. */
  get hasGates(): boolean {
    return this.#gates.size > 0;
  }

  /** What keeps those waiting that the call would otherwise pass. */
  ahead(call: PermittedCall, { claims, waiting }: Claiming): Blocked | undefined {
    for (const { quota, claim } of claims) {
      const waitMs = quota.waitMs ?? waiting.waitMs;
      const last = claim.enforced && waitMs > 0 && this.#room.blockedBy(counterLane(call, claim));
      if (last) return { ...last, waitMs };
    }
    const atGate =
      this.hasGates && call.fallbacks.length === 0 && waiting.waitMs > 0 && this.#room.blockedBy(gateLane(call));
    return atGate ? { ...atGate, waitMs: waiting.waitMs } : undefined;
  }

  /** What the upstream's pace says against a call; throws where it does so for longer than the call may wait. */
  gate(call: PermittedCall, { admission, sinceMs }: Coming): Blocked | undefined {
    const nowMs = this.#clock.now();
    const { waitMs } = admission.waiting;
    const retryMs = this.#gates.pass(call, nowMs);
    if (retryMs === 0) return undefined;
    if (nowMs - sinceMs + retryMs > waitMs) throw paceRefusal(call, retryMs);
    return closedGate(call, { retryMs, waitMs });
  }

  /** Takes what an answer says of its upstream's pace: nothing more of the model until a moment, or undefined. */
  heard(call: PermittedCall, closedUntilMs: number | undefined): void {
    const lane = this.#gates.hear(call, closedUntilMs);
    if (lane !== undefined) this.#room.wake(lane);
  }

  /** There may be room where these were held. */
  freed(tenant: string, claims: readonly QuotaClaim[]): void {
    if (this.size === 0) return;
    for (const { claim } of claims) if (claim.mode === 'hold') this.#room.wake(laneName(tenant, claim));
  }

  wait(call: PermittedCall, { admission, sinceMs, blocked, ask, unledgered }: Blocking): Promise<Reservation> {
    const { quote, waiting, request, trace } = admission;
    const { access } = call;
    const claimOf = (lane: string): QuotaClaim =>
      candidateClaims(call, { quote, nowMs: sinceMs }).find(
        ({ claim }) => counterLane(call, claim) === lane,
      ) as QuotaClaim;
    const age = (): number => this.#clock.now() - sinceMs;
    const limit = blocked.state ? claimOf(blocked.lane).quota.id : `upstream/${access.resource.upstream}`;
    const wish: Wish = {
      flow: flowOf(access),
      bytes: call.body.length,
      ask,
      unledgered,
      refuse: ({ lane, state, retryMs }) =>
        state ? refusal({ ...claimOf(lane), state, access, waitedMs: age() }) : paceRefusal(call, retryMs),
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

  /** Ends all waits with an error; from here on nobody waits. */
  close(error: GatewayError): void {
    this.#room.close(error);
  }
}

function clientLeft(): GatewayError {
  return new GatewayError('request.aborted', 'the client went away while its call waited for room');
}

/** Tenants take turns, within one its subjects, within these their trees, and the runs of each: a large tree is one among others. */
function flowOf({ principal, run }: AccessRequest): Wish['flow'] {
  // Down a tree of tokens the subject stays, whatever its agents are called.
  return [principal.tenant, principal.subject, run.root, run.id];
}
