import type { CallId } from '../core/ids.ts';
import type { Schedule } from './schedule.ts';
import type { LedgerStore } from './store.ts';

/** Keeps the leases of running calls alive, all of a tenant at once, three times per lease. */
export interface LeaseKeeper {
  add(tenant: string, call: CallId): void;
  remove(tenant: string, call: CallId): void;
  stop(): void;
}

export interface LeaseKeeperOptions {
  readonly store: Pick<LedgerStore, 'renew'>;
  readonly leaseMs: number;
  readonly schedule: Schedule;
}

export function leaseKeeper({ store, leaseMs, schedule }: LeaseKeeperOptions): LeaseKeeper {
  const running = new Map<string, Set<CallId>>();

  function renew(): void {
    for (const [tenant, calls] of running) {
      // Where the store does not answer, the next round tries again: a lease outlives two rounds.
      store.renew(tenant, [...calls], leaseMs).catch(() => {});
    }
  }

  return {
    add(tenant, call) {
      const calls = running.get(tenant);
      if (calls) calls.add(call);
      else running.set(tenant, new Set([call]));
    },
    remove(tenant, call) {
      const calls = running.get(tenant);
      calls?.delete(call);
      if (calls?.size === 0) running.delete(tenant);
    },
    stop: schedule.every(leaseMs / 3, renew),
  };
}
