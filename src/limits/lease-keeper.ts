import type { CallId } from '../core/ids.ts';
import { Roster, type Seat } from '../core/roster.ts';
import type { Schedule } from './schedule.ts';
import type { LedgerStore } from './store.ts';

/** Keeps the leases of running calls alive, all of a tenant at once, three times per lease. */
export interface LeaseKeeper {
  /** Until it gives up its seat. */
  add(tenant: string, call: CallId): Seat;
  stop(): void;
}

export interface LeaseKeeperOptions {
  readonly store: Pick<LedgerStore, 'renew'>;
  readonly leaseMs: number;
  readonly schedule: Schedule;
}

interface Running {
  readonly tenant: string;
  readonly call: CallId;
}

export function leaseKeeper({ store, leaseMs, schedule }: LeaseKeeperOptions): LeaseKeeper {
  const running = new Roster<Running>();

  function renew(): void {
    const byTenant = Map.groupBy(running.members(), ({ tenant }) => tenant);
    for (const [tenant, calls] of byTenant) {
      const ids = calls.map(({ call }) => call);
      // Where the store does not answer, the next round tries again: a lease outlives two rounds.
      store.renew(tenant, ids, leaseMs).catch(() => {});
    }
  }

  return {
    add: (tenant, call) => running.enter({ tenant, call }),
    stop: schedule.every(leaseMs / 3, renew),
  };
}
