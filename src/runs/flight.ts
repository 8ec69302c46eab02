import type { GatewayError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import type { Seat } from '../core/roster.ts';

type Listener = (error: GatewayError) => void;

/** A call under way, which the kill of its run cuts off. */
export class Flight {
  readonly run: Run;
  readonly principal: Principal;
  #cut: GatewayError | undefined;
  #listeners: Listener[] | undefined;
  #seat: Seat | undefined;

  constructor(run: Run, principal: Principal) {
    this.run = run;
    this.principal = principal;
  }

  /** Why it was cut off; undefined while it may go on. */
  get cut(): GatewayError | undefined {
    return this.#cut;
  }

  sits(seat: Seat): this {
    this.#seat = seat;
    return this;
  }

  /** Calls back once if the call is cut off, at once where it has been. */
  onCut(listener: Listener): void {
    if (this.#cut) listener(this.#cut);
    else (this.#listeners ??= []).push(listener);
  }

  cutOff(error: GatewayError): void {
    if (this.#cut) return;
    this.#cut = error;
    for (const listener of this.#listeners ?? []) listener(error);
    this.#listeners = undefined;
  }

  leave(): void {
    this.#seat?.leave();
    this.#listeners = undefined;
  }
}
