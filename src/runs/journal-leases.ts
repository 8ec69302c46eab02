import { Roster, type Seat } from '../core/roster.ts';
import type { JournalPlace, JournalStore } from './journal.ts';

/** Work for later. Injected, so that tests say when. */
export interface JournalSchedule {
  /** Does work again and again. Returns what stops it. */
  every(ms: number, work: () => void): () => void;
  /** Does work once. Returns what calls it off. */
  after(ms: number, work: () => void): () => void;
}

/** Keeps journaled calls and undoings of this process from being taken for lost, three times per lease. */
export interface JournalLeases {
  readonly leaseMs: number;
  /** Until it gives up its seat. `owner` is the call's id or the attempt. */
  add(place: JournalPlace, owner: string): Seat;
  stop(): void;
}

export interface JournalLeasesOptions {
  readonly store: Pick<JournalStore, 'renew'>;
  readonly leaseMs: number;
  readonly schedule: JournalSchedule;
}

export function journalLeases({ store, leaseMs, schedule }: JournalLeasesOptions): JournalLeases {
  const running = new Roster<{ readonly place: JournalPlace; readonly owner: string }>();
  function renew(): void {
    // Where the store does not answer, the next round tries again: a lease outlives two rounds.
    for (const { place, owner } of running.members()) store.renew(place, owner, leaseMs).catch(() => {});
  }
  return {
    leaseMs,
    add: (place, owner) => running.enter({ place, owner }),
    stop: schedule.every(leaseMs / 3, renew),
  };
}
