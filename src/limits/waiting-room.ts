/**
 * Where calls wait for room instead of being refused: one lane for each thing that blocks them, in turns among principals
 * and their runs.
 *
 * INVARIANT: whoever waits was told by the ledger, or by the lane it joins, that there is no room; nobody waits unasked.
 * INVARIANT: places and waits are bounded; past either a call gets the refusal that it would have got at once.
 * INVARIANT: a call that comes later does not pass those that wait in a lane of its own.
 */
import type { GatewayError } from '../core/errors.ts';
import { type Blocked, Lane, type Waiting } from './lane.ts';
import { Places, type PlacesMax } from './places.ts';
import type { Schedule } from './schedule.ts';
import { Waiter, type Wish } from './waiter.ts';

export interface WaitingRoomSource {
  readonly schedule: Schedule;
  readonly random: () => number;
}

export interface Entering {
  readonly blocked: Blocked;
  readonly places: PlacesMax;
}

export class WaitingRoom {
  readonly #source: WaitingRoomSource;
  readonly #lanes = new Map<string, Lane>();
  readonly #waiters = new Set<Waiter>();
  readonly #places = new Places();
  #closedBy: GatewayError | undefined;

  constructor(source: WaitingRoomSource) {
    this.#source = source;
  }

  /** Calls that wait. */
  get size(): number {
    return this.#places.taken;
  }

  /** What keeps those waiting that stand in this lane; undefined where nobody does. */
  blockedBy(lane: string): Blocked | undefined {
    return this.#lanes.get(lane)?.last;
  }

  /** Takes a call in; where there is no place for it, it has left already. */
  wait(wish: Wish, { blocked, places }: Entering): Waiter {
    const [tenant] = wish.flow;
    const { bytes } = wish;
    const isTaken = !this.#closedBy && this.#places.take(tenant, { bytes, max: places });
    const waiter = new Waiter(wish, {
      schedule: this.#source.schedule,
      onLeft: (one) => {
        if (this.#waiters.delete(one)) this.#places.giveBack(tenant, bytes);
      },
    });
    if (isTaken) {
      this.#waiters.add(waiter);
      this.#stand(waiter, blocked);
    } else if (this.#closedBy) waiter.leave(this.#closedBy, 'draining');
    else waiter.leave(wish.refuse(blocked), 'full');
    return waiter;
  }

  /** There may be room in a lane. */
  wake(lane: string): void {
    this.#lanes.get(lane)?.wake();
  }

  /** Ends all waits, and lets nobody wait from here on. */
  close(error: GatewayError): void {
    this.#closedBy = error;
    for (const waiter of this.#waiters) waiter.leave(error, 'draining');
  }

  #stand(waiter: Waiter, blocked: Blocked): void {
    waiter.stand(this.#lanes.get(blocked.lane) ?? this.#open(blocked), blocked);
  }

  #open(blocked: Blocked): Lane {
    const lane = new Lane(
      {
        ...this.#source,
        onElsewhere: (one: Waiting, elsewhere) => this.#stand(one as Waiter, elsewhere),
        onEmpty: () => void this.#lanes.delete(blocked.lane),
      },
      blocked,
    );
    this.#lanes.set(blocked.lane, lane);
    return lane;
  }
}
