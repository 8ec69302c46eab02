// Between a gateway and the store: what is asked may come late, twice or never, and so may the answer.
import type { CallId } from '../../../../src/core/ids.ts';
import type { AdmitRequest, AdmitResult, LedgerStore, SettleRequest } from '../../../../src/limits/store.ts';
import { NotAsked, unavailable } from '../../../../src/limits/unavailable.ts';
import type { Dice } from '../dice.ts';
import type { Timeline } from './timeline.ts';

/** How a network treats messages; probabilities from 0 to 1. */
export interface Weather {
  readonly dropsRequest: number;
  readonly dropsReply: number;
  readonly duplicates: number;
  /** Messages that hang for up to `STUCK_MAX_MS`. */
  readonly stuck: number;
  /** Of the rest, in milliseconds. */
  readonly delayMaxMs: number;
}

export const CALM: Weather = { dropsRequest: 0, dropsReply: 0, duplicates: 0, stuck: 0, delayMaxMs: 3 };

const DEADLINE_MS = 150;
/** Shorter than the store remembers calls that have ended. */
const STUCK_MAX_MS = 20_000;

export interface LinkSource {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly store: LedgerStore;
  readonly weather: () => Weather;
  /** Not where a call may be asked for again with fewer candidates: no client doubles an admission that was answered. */
  readonly mayDouble: (call: CallId) => boolean;
  /** Whether the gateway is there to hear an answer. */
  readonly lives: () => boolean;
}

/** One gateway's way to the store. */
export class Link implements LedgerStore {
  readonly #source: LinkSource;
  /** Until when nothing is connected. */
  #downUntilMs = 0;
  #epoch = 0;
  /** When a message was last lost, late or doubled. */
  faultAtMs = -Infinity;

  constructor(source: LinkSource) {
    this.#source = source;
  }

  admit(request: AdmitRequest): Promise<AdmitResult> {
    return this.#ask((store) => store.admit(request), this.#source.mayDouble(request.call));
  }

  settle(request: SettleRequest): Promise<boolean> {
    return this.#ask((store) => store.settle(request));
  }

  release(tenant: string, call: CallId): Promise<boolean> {
    return this.#ask((store) => store.release(tenant, call));
  }

  renew(tenant: string, calls: readonly CallId[], leaseMs: number): Promise<void> {
    return this.#ask((store) => store.renew(tenant, calls, leaseMs));
  }

  ping(): Promise<boolean> {
    return this.#ask((store) => store.ping());
  }

  async close(): Promise<void> {}

  /** Everything under way is lost, and nothing is connected for a while. */
  reset(downMs: number): void {
    this.#epoch += 1;
    this.#downUntilMs = this.#source.timeline.nowMs + downMs;
    this.#fault();
  }

  #ask<T>(execute: (store: LedgerStore) => Promise<T>, mayDouble = true): Promise<T> {
    const { timeline, dice, store, weather, lives } = this.#source;
    const { dropsRequest, dropsReply, duplicates } = weather();
    if (timeline.nowMs < this.#downUntilMs) {
      this.#fault();
      return Promise.reject(unavailable(new NotAsked('the connection is reconnecting')));
    }
    return new Promise<T>((resolve, reject) => {
      const callOff = timeline.after(DEADLINE_MS, () => {
        if (!lives()) return;
        this.#fault();
        reject(unavailable(new Error(`no answer within ${DEADLINE_MS} ms`)));
      });
      const reply = (answer: () => void): void => {
        if (dice.chance(dropsReply)) return this.#fault();
        this.#carry(() => {
          if (!lives()) return;
          callOff();
          answer();
        });
      };
      const deliver = (): void =>
        void execute(store).then(
          (answer) => reply(() => resolve(answer)),
          (cause: Error) => reply(() => reject(cause)),
        );
      if (dice.chance(dropsRequest)) this.#fault();
      else this.#carry(deliver);
      if (dice.chance(duplicates) && mayDouble) {
        this.#fault();
        this.#carry(deliver);
      }
    });
  }

  #carry(deliver: () => void): void {
    const { timeline, dice, weather } = this.#source;
    const { stuck, delayMaxMs } = weather();
    const isStuck = dice.chance(stuck);
    if (isStuck) this.#fault();
    const epoch = this.#epoch;
    const ms = isStuck ? dice.int(0, STUCK_MAX_MS) : dice.int(0, delayMaxMs);
    timeline.after(ms, () => epoch === this.#epoch && deliver());
  }

  #fault(): void {
    this.faultAtMs = this.#source.timeline.nowMs;
  }
}
