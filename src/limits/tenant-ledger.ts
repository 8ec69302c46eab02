import type { CallId } from '../core/ids.ts';
import type { MicroUsd } from '../core/money.ts';
import { ENDED_MS, GRACE_MS, SWEEP_MAX } from './bounds.ts';
import type { Moment } from './counter.ts';
import { Counters, type Kept } from './counters.ts';
import { LeaseQueue } from './lease-queue.ts';
import type { RunAdmission, RunBook, RunSettlement } from '../core/run-book.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, SettleRequest } from './store.ts';

interface Asked {
  readonly claim: Claim;
  readonly kept: Kept;
  readonly ask: number;
  /** By how much the claim passes its limit; 0 or less where it fits. */
  readonly excess: number;
}

/** What one claim holds; undefined where it was spent at once. */
type Holding = { readonly kept: Kept; readonly amount: number } | undefined;

interface Reservation {
  readonly holdings: readonly Holding[];
  readonly result: AdmitResult;
  readonly run: RunAdmission | undefined;
  leaseEndMs: number;
}

/** A call that has ended; without a result where it was released before it was admitted. */
interface Ended {
  readonly untilMs: number;
  readonly result: AdmitResult | undefined;
}

/** What a call has used: of each claim, and on its run. */
interface Used {
  readonly used: (index: number, amount: number) => number;
  readonly run: (admission: RunAdmission) => RunSettlement;
}

const inFull = ({ quote }: RunAdmission): RunSettlement => ({ charge: quote, isError: false });
const UNUSED: Used = { used: () => 0, run: () => ({ charge: { tokens: 0, money: 0 as MicroUsd }, isError: false }) };

const NO_PERIOD = { startMs: 0, endMs: 0 };

/** One tenant's counters and reservations, by the same steps as the Redis scripts. Time comes in as a value. */
export class TenantLedger {
  readonly #counters = new Counters();
  readonly #reservations = new Map<CallId, Reservation>();
  readonly #ended = new Map<CallId, Ended>();
  readonly #leases = new LeaseQueue();
  readonly #runs: RunBook | undefined;
  #untilMs = 0;

  constructor(runs?: RunBook) {
    this.#runs = runs;
  }

  /** Counters and calls that take memory. */
  get size(): number {
    return this.#counters.size + this.#reservations.size + this.#ended.size;
  }

  /** Whether nothing here counts any more. */
  isOver(now: number): boolean {
    return this.#untilMs <= now;
  }

  /** Undefined where the call was released before it was admitted. */
  admit(request: AdmitRequest, now: number): AdmitResult | undefined {
    this.#forgetEnded(now);
    this.#counters.tidy(now);
    const known = this.#reservations.get(request.call) ?? this.#ended.get(request.call);
    if (known) return known.result;
    for (const { call, endMs } of this.#leases.lapsed(now, SWEEP_MAX)) {
      this.#end(call, { at: endMs, now }, { used: (_index, amount) => amount, run: inFull });
    }
    const tree = request.run && this.#runs?.moved(request.run, now);
    if (tree) return { kind: 'moved', tree };
    const asked = this.#ask(request, now);
    const index = asked.findIndex((one) => !fits(one));
    if (index >= 0) return { kind: 'exceeded', index, states: asked.map((one) => stateOf(one, now)) };
    return this.#book(request, asked, now);
  }

  settle({ call, actual, run }: SettleRequest, now: number): boolean {
    const used = (index: number, amount: number): number => actual[index] ?? amount;
    return this.#isHeld(call, now) && this.#end(call, { at: now, now }, { used, run: run ? () => run : inFull });
  }

  release(call: CallId, now: number): boolean {
    this.#forgetEnded(now);
    if (this.#isHeld(call, now)) return this.#end(call, { at: now, now }, UNUSED);
    if (!this.#reservations.has(call) && !this.#ended.has(call)) this.#remember(call, undefined, now);
    return false;
  }

  renew(call: CallId, leaseMs: number, now: number): void {
    const reservation = this.#reservations.get(call);
    if (!reservation || reservation.leaseEndMs <= now || reservation.leaseEndMs >= now + leaseMs) return;
    this.#leases.remove({ call, endMs: reservation.leaseEndMs });
    reservation.leaseEndMs = now + leaseMs;
    this.#leases.add({ call, endMs: reservation.leaseEndMs });
    for (const holding of reservation.holdings) if (holding) this.#keep(holding.kept, now);
  }

  #ask(request: AdmitRequest, now: number): readonly Asked[] {
    const asked: Asked[] = [];
    const isBorn = request.run !== undefined && this.#runs?.isBorn(request.run.run.id) === true;
    for (const claim of request.chain.flatMap((link) => link.claims)) {
      const own = this.#counters.of(claim);
      const twins = asked.filter(({ kept }) => kept.name === own.name);
      const kept = twins[0]?.kept ?? own;
      kept.counter.enter(now, claim.window.kind === 'calendar' ? claim.window : NO_PERIOD);
      const ask = claim.mode === 'birth' && isBorn ? 0 : claim.ask;
      const before = twins.reduce((sum, twin) => sum + twin.ask, kept.counter.settled + kept.counter.held);
      asked.push({ claim, kept, ask, excess: before + ask - claim.limit });
    }
    return asked;
  }

  #book({ call, leaseMs, run }: AdmitRequest, asked: readonly Asked[], now: number): AdmitResult {
    const holdings = asked.map(({ claim, kept, ask }): Holding => {
      if (claim.mode !== 'hold') {
        kept.counter.charge(ask, { at: now, now });
        return undefined;
      }
      kept.counter.held += ask;
      return { kept, amount: ask };
    });
    for (const { kept } of asked) this.#keep(kept, now);
    const result: AdmitResult = { kind: 'admitted', states: asked.map((one) => stateOf(one, now)) };
    if (run) this.#runs?.enter(run, now);
    if (!run && holdings.every((holding) => holding === undefined)) {
      this.#remember(call, result, now);
    } else {
      this.#reservations.set(call, { holdings, result, run, leaseEndMs: now + leaseMs });
      this.#untilMs = Math.max(this.#untilMs, now + leaseMs + GRACE_MS);
      this.#leases.add({ call, endMs: now + leaseMs });
    }
    return result;
  }

  #isHeld(call: CallId, now: number): boolean {
    return (this.#reservations.get(call)?.leaseEndMs ?? 0) > now;
  }

  #end(call: CallId, when: Moment, { used, run: spent }: Used): true {
    const { holdings, result, run, leaseEndMs } = this.#reservations.get(call) as Reservation;
    for (const [index, holding] of holdings.entries()) {
      if (!holding) continue;
      holding.kept.counter.held -= holding.amount;
      holding.kept.counter.charge(used(index, holding.amount), when);
      this.#keep(holding.kept, when.now);
    }
    if (run) this.#runs?.settle(run, spent(run), when.at);
    this.#reservations.delete(call);
    this.#leases.remove({ call, endMs: leaseEndMs });
    this.#remember(call, result, when.now);
    return true;
  }

  #remember(call: CallId, result: AdmitResult | undefined, now: number): void {
    this.#ended.set(call, { untilMs: now + ENDED_MS, result });
    this.#untilMs = Math.max(this.#untilMs, now + ENDED_MS);
  }

  #forgetEnded(now: number): void {
    for (const [call, { untilMs }] of this.#ended) {
      if (untilMs > now) break;
      this.#ended.delete(call);
    }
  }

  #keep(kept: Kept, now: number): void {
    const untilMs = now + kept.counter.spanMs(now) + GRACE_MS;
    this.#counters.keep(kept, untilMs);
    this.#untilMs = Math.max(this.#untilMs, untilMs + GRACE_MS);
  }
}

function fits({ claim, excess }: Asked): boolean {
  return !claim.enforced || excess <= 0;
}

function stateOf(asked: Asked, now: number): ClaimState {
  const { counter } = asked.kept;
  return {
    settled: counter.settled,
    held: counter.held,
    resetMs: counter.resetMs(now),
    retryMs: fits(asked) ? 0 : counter.retryMs(asked.excess, now),
  };
}
