import { type GatewayError, toGatewayError } from '../core/errors.ts';
import type { Blocked, Lane, Waiting } from './lane.ts';
import type { Reservation } from './reservation.ts';
import type { Schedule } from './schedule.ts';

/** How a wait ended. `refused` is by what no wait helps against; `given_up` is past the longest wait. */
export type WaitOutcome = 'admitted' | 'refused' | 'given_up' | 'aborted' | 'draining' | 'full';

/** A call that wants to be let in. */
export interface Wish {
  /** Tenant, principal, run. */
  readonly flow: readonly [tenant: string, ...names: string[]];
  /** What it takes of memory while it waits. */
  readonly bytes: number;
  /** Asks the ledger. Rejects where no wait helps. */
  ask(): Promise<Reservation | Blocked>;
  /** What becomes of it where the ledger answers nobody: let through without it, or what refuses it. */
  unledgered(error: GatewayError): Reservation | GatewayError;
  /** What it is told that has waited in vain. */
  refuse(blocked: Blocked): GatewayError;
  /** How long it has been there, in milliseconds. */
  age(): number;
  /** Told of the end of its wait. */
  waited(outcome: WaitOutcome): void;
}

/** One call in the waiting room: leaves it once, admitted or refused. */
export class Waiter implements Waiting {
  readonly #wish: Wish;
  readonly #schedule: Schedule;
  readonly #left: (one: Waiter) => void;
  readonly #result = Promise.withResolvers<Reservation>();
  #lane: Lane | undefined;
  #isAsking = false;
  #isLate = false;
  #isOver = false;
  #callOff = (): void => {};

  constructor(
    wish: Wish,
    { schedule, onLeft }: { readonly schedule: Schedule; readonly onLeft: (one: Waiter) => void },
  ) {
    this.#wish = wish;
    this.#schedule = schedule;
    this.#left = onLeft;
  }

  get flow(): Wish['flow'] {
    return this.#wish.flow;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What it waits for. */
  get reservation(): Promise<Reservation> {
    return this.#result.promise;
  }

  /** Waits in a lane, or in another one from now on. */
  stand(lane: Lane, { waitMs }: Blocked): void {
    this.#lane = lane;
    this.#callOff();
    this.#callOff = this.#schedule.after(Math.max(0, waitMs - this.#wish.age()), () => this.#late());
    lane.add(this);
  }

  async ask(): Promise<Blocked | GatewayError | undefined> {
    this.#isAsking = true;
    try {
      return this.#answered(await this.#wish.ask());
    } catch (thrown) {
      const error = toGatewayError(thrown);
      this.#refuse(error, 'refused');
      return error.code === 'limit.unavailable' ? error : undefined;
    } finally {
      this.#isAsking = false;
    }
  }

  fail(error: GatewayError): void {
    const unledgered = this.#wish.unledgered(error);
    if ('standings' in unledgered) this.#admit(unledgered);
    else this.#refuse(unledgered, 'refused');
  }

  /** Ends the wait from outside. */
  leave(error: GatewayError, outcome: 'aborted' | 'draining' | 'full'): void {
    if (!this.#isOver) this.#lane?.remove(this);
    this.#refuse(error, outcome);
  }

  #answered(answer: Reservation | Blocked): Blocked | undefined {
    if ('standings' in answer) {
      if (this.#isOver) answer.release();
      else this.#admit(answer);
      return undefined;
    }
    if (this.#isLate) this.#giveUp(answer);
    return answer;
  }

  #late(): void {
    this.#isLate = true;
    // One that is being answered hears first what it asked.
    if (this.#isAsking) return;
    const lane = this.#lane as Lane;
    lane.remove(this);
    this.#giveUp(lane.last);
  }

  #giveUp(blocked: Blocked): void {
    this.#refuse(this.#wish.refuse(blocked), 'given_up');
  }

  #admit(reservation: Reservation): void {
    this.#end('admitted');
    this.#result.resolve(reservation);
  }

  #refuse(error: GatewayError, outcome: WaitOutcome): void {
    if (this.#isOver) return;
    this.#end(outcome);
    this.#result.reject(error);
  }

  #end(outcome: WaitOutcome): void {
    this.#isOver = true;
    this.#callOff();
    this.#left(this);
    this.#wish.waited(outcome);
  }
}
