// The calls that one thing keeps waiting: a counter, or an upstream's own pace. Those whose turn it is ask again: when room
// must have come, when a reservation of this process has ended, and now and then, since other processes say nothing.
import type { GatewayError } from '../core/errors.ts';
import { FairQueue } from './fair-queue.ts';
import type { Schedule } from './schedule.ts';
import type { ClaimState } from './store.ts';

/** What stands in a call's way. */
export interface Blocked {
  /** Names it. Calls with the same lane wait for each other. */
  readonly lane: string;
  /** When there may be room, in milliseconds; 0 where nobody knows, since only reservations are in the way. */
  readonly retryMs: number;
  /** Whether room may come sooner, because reservations end. */
  readonly mayEndSooner: boolean;
  /** Whether all ask for the same amount: where one does not fit, no other does. */
  readonly isUniform: boolean;
  /** How long the call may wait for it at most, from its beginning on. */
  readonly waitMs: number;
  /** Where the counter stands; undefined where an upstream's own pace is in the way. */
  readonly state: ClaimState | undefined;
}

/** A call that waits. */
export interface Waiting {
  /** Tenant, principal, run. */
  readonly flow: readonly [tenant: string, ...names: string[]];
  /** Whether its wait has ended. */
  readonly isOver: boolean;
  /** Asks once more. Undefined once its wait has ended; an error where the ledger answers none of its tenant's calls. */
  ask(): Promise<Blocked | GatewayError | undefined>;
  /** Ends the wait of one that has not asked, since the ledger answers nobody. */
  fail(error: GatewayError): void;
}

export interface LaneSource {
  readonly schedule: Schedule;
  /** From 0 to 1, so that processes do not ask at the same moments. */
  readonly random: () => number;
  /** Takes over one whom something else blocks now. */
  readonly onElsewhere: (one: Waiting, blocked: Blocked) => void;
  readonly onEmpty: () => void;
}

/** Bounds of the pause between two looks for what other processes have ended. */
const LOOK_MS = 50;
const LOOK_MAX_MS = 500;
/** How many ask where amounts differ: a small call may fit where a large one ahead of it does not. */
const SMALLER_ONES = 4;
/** As many as the ledger takes in one script. */
const TOGETHER_MAX = 50;

export class Lane {
  readonly #source: LaneSource;
  readonly #queue = new FairQueue<Waiting>(({ flow }) => flow);
  #last: Blocked;
  #isAsking = false;
  #isWoken = false;
  #callOff = (): void => {};
  #lookMs = LOOK_MS;

  constructor(source: LaneSource, first: Blocked) {
    this.#source = source;
    this.#last = first;
  }

  /** What blocked the one that asked last. */
  get last(): Blocked {
    return this.#last;
  }

  add(one: Waiting): void {
    this.#queue.add(one);
    if (this.#queue.size === 1) this.#rest();
  }

  remove(one: Waiting): void {
    this.#queue.remove(one);
    if (this.#queue.size === 0) this.#rest();
  }

  /** There may be room now. */
  wake(): void {
    this.#isWoken = true;
    this.#lookMs = LOOK_MS;
    if (!this.#isAsking) void this.#askInTurn();
  }

  async #askInTurn(): Promise<void> {
    this.#callOff();
    this.#isAsking = true;
    let together = 1;
    while (this.#queue.size > 0 && together > 0) {
      this.#isWoken = false;
      const taken = this.#queue.take(Math.max(together, this.#last.isUniform ? 1 : SMALLER_ONES));
      const still = this.#sort(taken, await Promise.all(taken.map((one) => one.ask())));
      this.#queue.putBack(still);
      together = this.#next(together, { asked: taken.length, still: still.length });
    }
    this.#isAsking = false;
    this.#rest();
  }

  /** How many ask next; 0 where there is no room left. */
  #next(together: number, { asked, still }: { readonly asked: number; readonly still: number }): number {
    if (still === 0) return Math.min(together * 2, TOGETHER_MAX);
    const isMoving = this.#isWoken || (still < asked && !this.#last.isUniform);
    return isMoving ? 1 : 0;
  }

  /** Those of them whom this lane still blocks. */
  #sort(asked: readonly Waiting[], answers: readonly (Blocked | GatewayError | undefined)[]): readonly Waiting[] {
    const { lane } = this.#last;
    return asked.filter((one, index) => {
      const answer = answers[index];
      if (answer && !('lane' in answer)) this.#failAll(one.flow[0], answer);
      // Its client may have gone while the others were answered.
      if (!answer || !('lane' in answer) || one.isOver) return false;
      if (answer.lane === lane) this.#last = answer;
      else this.#source.onElsewhere(one, answer);
      return answer.lane === lane;
    });
  }

  #failAll(tenant: string, error: GatewayError): void {
    const all = this.#queue.take(this.#queue.size);
    this.#queue.putBack(all.filter(({ flow }) => flow[0] !== tenant));
    for (const one of all) if (one.flow[0] === tenant) one.fail(error);
  }

  #rest(): void {
    if (this.#isAsking) return;
    this.#callOff();
    if (this.#queue.size > 0) this.#sleep();
    else this.#source.onEmpty();
  }

  #sleep(): void {
    const { schedule, random } = this.#source;
    const { retryMs, mayEndSooner } = this.#last;
    const pause = mayEndSooner ? Math.min(retryMs || Infinity, this.#lookMs) : retryMs;
    this.#lookMs = Math.min(this.#lookMs * 2, LOOK_MAX_MS);
    const scatter = random() * Math.min(pause, LOOK_MS);
    this.#callOff = schedule.after(Math.ceil(pause + scatter), () => void this.#askInTurn());
  }
}
