import type { Clock } from '../../../../src/core/clock.ts';
import { GatewayError } from '../../../../src/core/errors.ts';
import { type Reserver, reserver } from '../../../../src/limits/reserve.ts';
import type { LedgerStore } from '../../../../src/limits/store.ts';
import type { Dice } from '../dice.ts';
import type { CallBook, Home } from './call-book.ts';
import { Link, type Weather } from './network.ts';
import type { Timeline } from './timeline.ts';

export interface GatewaySource {
  readonly name: string;
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly store: LedgerStore;
  readonly book: CallBook;
  readonly leaseMs: number;
  readonly weather: () => Weather;
  readonly onViolation: (text: string) => void;
}

const CLOSES_WITHIN_MS = 1_000;

/** One gateway process: the real reserver, with a clock, timers and a way to the store of its own. */
export class SimulatedGateway implements Home, Clock {
  readonly name: string;
  readonly limits: Reserver;
  readonly after: (ms: number, work: () => void) => () => void;
  readonly #source: GatewaySource;
  readonly #link: Link;
  #state: 'serving' | 'draining' | 'gone' = 'serving';
  #aheadMs: number;
  stepAtMs = -Infinity;

  constructor(source: GatewaySource) {
    const { name, timeline, dice, store, book, leaseMs, weather } = source;
    this.name = name;
    this.#source = source;
    this.#aheadMs = dice.int(-2_000, 2_000);
    const lives = (): boolean => this.lives;
    const schedule = timeline.scheduleOf(lives);
    this.after = (ms, work) => schedule.after(ms, work);
    this.#link = new Link({ timeline, dice, store, weather, lives, mayDouble: (call) => book.mayDouble(call) });
    this.limits = reserver({
      store: this.#link,
      clock: this,
      schedule,
      leaseMs,
      random: () => dice.next(),
      onGivenUp: (call) => book.onGivenUp(call),
    });
  }

  get lives(): boolean {
    return this.#state !== 'gone';
  }

  get serves(): boolean {
    return this.#state === 'serving';
  }

  get faultAtMs(): number {
    return this.#link.faultAtMs;
  }

  now(): number {
    return this.#source.timeline.nowMs + this.#aheadMs;
  }

  crash(): void {
    this.#state = 'gone';
  }

  step(ms: number): void {
    this.#aheadMs += ms;
    this.stepAtMs = this.#source.timeline.nowMs;
  }

  reset(downMs: number): void {
    this.#link.reset(downMs);
  }

  /** Ends as a process does that is told to: waits end, what has ended is booked, what runs is left to its lease. */
  drain(): void {
    const { timeline, onViolation } = this.#source;
    this.#state = 'draining';
    this.limits.endWaits(new GatewayError('gateway.draining', 'the gateway is shutting down'));
    const callOff = timeline.after(CLOSES_WITHIN_MS, () => onViolation(`${this.name} does not close`));
    void this.limits.close().then(() => {
      callOff();
      this.#state = 'gone';
    });
  }
}
