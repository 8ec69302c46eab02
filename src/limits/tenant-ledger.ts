import type { CallId } from '../core/ids.ts';
import { ENDED_MS, GRACE_MS, SWEEP_MAX } from './bounds.ts';
import { type Counter, counterName, type Moment, newCounter } from './counter.ts';
import { LeaseQueue } from './lease-queue.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, SettleRequest } from './store.ts';

interface Kept {
  readonly counter: Counter;
  /** When nothing in it counts any more, with the grace. */
  untilMs: number;
}

interface Asked {
  readonly name: string;
  readonly claim: Claim;
  readonly kept: Kept;
  /** By how much the claim passes its limit; 0 or less where it fits. */
  readonly excess: number;
}

/** What one claim holds; undefined where it was spent at once. */
type Holding = { readonly kept: Kept; readonly amount: number } | undefined;

interface Reservation {
  readonly holdings: readonly Holding[];
  readonly result: AdmitResult;
  /** How long to keep what it stands in, from each renewal. */
  readonly keepMs: number;
  leaseEndMs: number;
}

/** A call that has ended; without a result where it was released before it was admitted. */
interface Ended {
  readonly untilMs: number;
  readonly result: AdmitResult | undefined;
}

const NO_PERIOD = { startMs: 0, endMs: 0 };
const EXAMINED_MAX = 4;

/** One tenant's counters and reservations, by the same steps as the Redis scripts. Time comes in as a value. */
export class TenantLedger {
  readonly #counters = new Map<string, Kept>();
  readonly #reservations = new Map<CallId, Reservation>();
  readonly #ended = new Map<CallId, Ended>();
  readonly #leases = new LeaseQueue();
  #untilMs = 0;

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
    this.#tidy(now);
    const known = this.#reservations.get(request.call) ?? this.#ended.get(request.call);
    if (known) return known.result;
    for (const { call, endMs } of this.#leases.lapsed(now, SWEEP_MAX)) {
      this.#end(call, { at: endMs, now }, (_index, amount) => amount);
    }
    const asked = this.#ask(request, now);
    const index = asked.findIndex((one) => !fits(one));
    if (index >= 0) return { kind: 'exceeded', index, states: asked.map((one) => stateOf(one, now)) };
    return this.#book(request, asked, now);
  }

  settle({ call, actual }: SettleRequest, now: number): boolean {
    return this.#runs(call, now) && this.#end(call, { at: now, now }, (index, amount) => actual[index] ?? amount);
  }

  release(call: CallId, now: number): boolean {
    this.#tidy(now);
    if (this.#runs(call, now)) return this.#end(call, { at: now, now }, () => 0);
    if (!this.#reservations.has(call) && !this.#ended.has(call)) this.#remember(call, undefined, now);
    return false;
  }

  renew(call: CallId, leaseMs: number, now: number): void {
    const reservation = this.#reservations.get(call);
    if (!reservation || reservation.leaseEndMs <= now || reservation.leaseEndMs >= now + leaseMs) return;
    this.#leases.remove({ call, endMs: reservation.leaseEndMs });
    reservation.leaseEndMs = now + leaseMs;
    this.#leases.add({ call, endMs: reservation.leaseEndMs });
    this.#keep(reservation.holdings, reservation.keepMs, now);
  }

  #ask(request: AdmitRequest, now: number): readonly Asked[] {
    const asked: Asked[] = [];
    for (const claim of request.chain.flatMap((link) => link.claims)) {
      const name = counterName(claim);
      const twins = asked.filter((one) => one.name === name);
      const kept = twins[0]?.kept ?? this.#counters.get(name) ?? { counter: newCounter(claim.window), untilMs: 0 };
      kept.counter.enter(now, claim.window.kind === 'calendar' ? claim.window : NO_PERIOD);
      const before = twins.reduce((sum, twin) => sum + twin.claim.ask, kept.counter.settled + kept.counter.held);
      asked.push({ name, claim, kept, excess: before + claim.ask - claim.limit });
    }
    return asked;
  }

  #book({ call, leaseMs }: AdmitRequest, asked: readonly Asked[], now: number): AdmitResult {
    const holdings = asked.map(({ name, claim, kept }): Holding => {
      this.#counters.set(name, kept);
      if (claim.mode === 'spend') {
        kept.counter.charge(claim.ask, { at: now, now });
        return undefined;
      }
      kept.counter.held += claim.ask;
      return { kept, amount: claim.ask };
    });
    const result: AdmitResult = { kind: 'admitted', states: asked.map((one) => stateOf(one, now)) };
    const keepMs = Math.max(0, ...asked.map(({ kept }) => kept.counter.spanMs(now))) + GRACE_MS;
    this.#keep(asked, keepMs, now);
    if (holdings.every((holding) => holding === undefined)) {
      this.#remember(call, result, now);
    } else {
      this.#reservations.set(call, { holdings, result, keepMs, leaseEndMs: now + leaseMs });
      this.#leases.add({ call, endMs: now + leaseMs });
    }
    return result;
  }

  #runs(call: CallId, now: number): boolean {
    return (this.#reservations.get(call)?.leaseEndMs ?? 0) > now;
  }

  #end(call: CallId, when: Moment, used: (index: number, amount: number) => number): true {
    const { holdings, result, leaseEndMs } = this.#reservations.get(call) as Reservation;
    for (const [index, holding] of holdings.entries()) {
      if (!holding) continue;
      holding.kept.counter.held -= holding.amount;
      holding.kept.counter.charge(used(index, holding.amount), when);
      this.#keep([holding], holding.kept.counter.spanMs(when.now) + GRACE_MS, when.now);
    }
    this.#reservations.delete(call);
    this.#leases.remove({ call, endMs: leaseEndMs });
    this.#remember(call, result, when.now);
    return true;
  }

  #remember(call: CallId, result: AdmitResult | undefined, now: number): void {
    this.#ended.set(call, { untilMs: now + ENDED_MS, result });
    this.#untilMs = Math.max(this.#untilMs, now + ENDED_MS);
  }

  #keep(holdings: readonly ({ readonly kept: Kept } | undefined)[], keepMs: number, now: number): void {
    for (const holding of holdings) {
      if (holding) holding.kept.untilMs = Math.max(holding.kept.untilMs, now + keepMs);
    }
    this.#untilMs = Math.max(this.#untilMs, now + keepMs + GRACE_MS);
  }

  /** Drops what no longer counts: every ended call that is due, and of the counters a few in turn. */
  #tidy(now: number): void {
    for (const [call, ended] of this.#ended) {
      if (ended.untilMs > now) break;
      this.#ended.delete(call);
    }
    let examined = 0;
    for (const [name, kept] of this.#counters) {
      examined += 1;
      if (examined > EXAMINED_MAX) break;
      this.#counters.delete(name);
      if (kept.counter.held > 0 || kept.untilMs > now) this.#counters.set(name, kept);
    }
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
