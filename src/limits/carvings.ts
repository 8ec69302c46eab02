/**
 * Money that parents have given to children, out of what was set aside for themselves. A part that was carved is held in the
 * parent's allotment as a running call holds what it may use; it ends when the child has, in what the child has spent.
 *
 * INVARIANT: what is booked on the parent is no less than what the child and all below it have spent or may yet: before a
 * part comes back, the child's own allotment is filled up, so that nothing more is let in by it.
 * INVARIANT: a part whose process has gone is charged in full by its lease.
 */
import type { Clock } from '../core/clock.ts';
import type { CallId, RunId } from '../core/ids.ts';
import type { Seat } from '../core/roster.ts';
import { type Allotment, allotmentClaim } from './allotment.ts';
import type { Schedule } from './schedule.ts';
import type { AdmitResult, Claim, ClaimState, LedgerStore } from './store.ts';
import { ledgerLost } from './unavailable.ts';

export interface Carving {
  readonly tenant: string;
  /** The allotment that binds the parent: its own or the nearest above. */
  readonly parentBudget: Allotment;
  readonly childRun: RunId;
  /** Micro-USD. */
  readonly amount: number;
  /** When the child's token or key expires, in milliseconds since the epoch. */
  readonly untilMs: number;
}

export interface CarvingsSource {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** How often ends are looked for. */
const LOOK_MS = 1_000;
/** Ends that are booked at once, at most. */
const AT_ONCE_MAX = 50;
/** Tokens are taken some seconds past their end, and clocks differ. */
const EXPIRED_MS = 10_000;
/** How long calls of a child that has ended are waited for; then what they hold counts as spent. */
const LINGER_MS = 600_000;
/** A process that is gone for longer has crashed. */
const LEASE_MS = 3_600_000;

/** Says once when the child has been stopped for good, as long as the seat is kept. */
export type Follow = (onEnd: () => void) => Seat;

interface Open extends Carving {
  seat: Seat | undefined;
  /** From when on the child can do nothing more. */
  endsMs: number;
  /** What the child's allotment is being filled up with, until that stands. */
  filling: number | undefined;
  /** What the child has spent, once that can be no more. */
  spent: number | undefined;
}

export class Carvings {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #stop: () => void;
  readonly #open = new Map<RunId, Open>();
  #looking: Promise<void> | undefined;

  constructor({ store, clock, schedule }: CarvingsSource) {
    this.#store = store;
    this.#clock = clock;
    this.#stop = schedule.every(LOOK_MS, () => void this.look());
  }

  /** Parts that this process has to give back. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Takes a part of the parent's allotment, whole or not at all: false where too little is left. Rejects with
   * `limit.unavailable` and `limit.lost`; then nothing was taken, or it goes back as soon as the store answers.
   */
  async carve(carving: Carving, follow: Follow): Promise<boolean> {
    const { tenant, parentBudget, childRun, amount, untilMs } = carving;
    const endsMs = untilMs + EXPIRED_MS;
    const open: Open = { ...carving, endsMs, seat: undefined, filling: undefined, spent: undefined };
    const asked = {
      tenant,
      call: carvingId(childRun),
      chain: chainOf(allotmentClaim(parentBudget, amount)),
      leaseMs: Math.max(0, untilMs - this.#clock.now()) + LEASE_MS,
    };
    try {
      const { kind } = await this.#store.admit(asked);
      if (kind === 'lost') throw ledgerLost(tenant);
      if (kind !== 'admitted') return false;
      open.seat = follow(() => this.ended(childRun));
      this.#open.set(childRun, open);
      return true;
    } catch (error) {
      // It may have been taken all the same.
      this.#open.set(childRun, { ...open, spent: 0 });
      throw error;
    }
  }

  /** Gives back a part of which nothing can have been spent. Never rejects: it is tried until the store answers. */
  async giveBack({ childRun }: Pick<Carving, 'childRun'>): Promise<void> {
    const open = this.#open.get(childRun);
    if (!open) return;
    open.spent = 0;
    await this.#end(open);
  }

  /** A run has ended before its token: what is left of its part goes back. */
  ended(run: RunId): void {
    const open = this.#open.get(run);
    if (open) open.endsMs = Math.min(open.endsMs, this.#clock.now());
  }

  /** Gives back what is left of the parts of children that have ended. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#endAll().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Tries once more; what is left is charged by its leases. */
  async close(): Promise<void> {
    this.#stop();
    await this.#looking;
    await this.look();
  }

  async #endAll(): Promise<void> {
    const now = this.#clock.now();
    const due = [...this.#open.values()].filter(({ endsMs, spent }) => spent !== undefined || endsMs <= now);
    for (let at = 0; at < due.length; at += AT_ONCE_MAX)
      await Promise.all(due.slice(at, at + AT_ONCE_MAX).map((open) => this.#end(open)));
  }

  /** One that cannot be ended now is tried again with the next look. */
  async #end(open: Open): Promise<void> {
    try {
      open.spent ??= await this.#spentBy(open);
      if (open.spent === undefined) return;
      const { tenant, childRun, spent } = open;
      // One that is not known there, or no longer, was never taken or charged by its lease.
      if (spent > 0) await this.#store.settle({ tenant, call: carvingId(childRun), actual: [spent] });
      else await this.#store.release(tenant, carvingId(childRun));
      open.seat?.leave();
      this.#open.delete(childRun);
    } catch {
      // The store does not answer.
    }
  }

  /** What the child has spent for good; undefined where its calls are waited for. */
  async #spentBy(open: Open): Promise<number | undefined> {
    const { tenant, childRun, amount, endsMs } = open;
    const own = { run: childRun, amount };
    if (open.filling === undefined) {
      const watched: Claim = { ...allotmentClaim(own, 0), mode: 'spend', enforced: false };
      const { settled, held } = await this.#ask(tenant, `look_${crypto.randomUUID()}`, watched);
      if (held > 0 && this.#clock.now() < endsMs + LINGER_MS) return undefined;
      if (settled + held >= amount) return settled + held;
      open.filling = amount - settled - held;
    }
    const { filling } = open;
    const claim: Claim = { ...allotmentClaim(own, filling), mode: 'spend' };
    const filled = await this.#admit(tenant, `fill_${childRun}_${filling}`, claim);
    if (filled.kind === 'admitted') return amount - filling;
    // A call was let in or ended meanwhile.
    open.filling = undefined;
    return undefined;
  }

  async #ask(tenant: string, call: string, claim: Claim): Promise<ClaimState> {
    const result = await this.#admit(tenant, call, claim);
    if (result.kind !== 'admitted') throw ledgerLost(tenant);
    return result.states[0] as ClaimState;
  }

  #admit(tenant: string, call: string, claim: Claim): Promise<AdmitResult> {
    return this.#store.admit({ tenant, call: call as CallId, chain: chainOf(claim), leaseMs: LEASE_MS });
  }
}

function carvingId(childRun: RunId): CallId {
  return `carve_${childRun}` as CallId;
}

function chainOf(claim: Claim): readonly [{ readonly scope: string; readonly claims: readonly Claim[] }] {
  return [{ scope: 'carve', claims: [claim] }];
}
