/**
 * The ledger in this process's memory: for one gateway, and lost with it.
 *
 * INVARIANT: it answers the same history as the Redis ledger does (test/limits/store.equal.test.ts).
 * INVARIANT: later admissions drop what no longer counts, so memory follows the calls and counters that do.
 */
import type { Clock } from '../core/clock.ts';
import type { CallId } from '../core/ids.ts';
import type { RunBook } from '../core/run-book.ts';
import type { AdmitRequest, AdmitResult, LedgerStore, SettleRequest } from './store.ts';
import { TenantLedger } from './tenant-ledger.ts';
import { releasedBefore } from './unavailable.ts';

export interface MemoryStore extends LedgerStore {
  /** Tenants, counters and calls that take memory. */
  size(): number;
}

export interface MemoryStoreSource {
  readonly clock: Clock;
  /** The runs of a tenant, that admissions and settlements change with the ledger. */
  readonly runsOf?: (tenant: string) => RunBook;
}

export function memoryStore({ clock, runsOf }: MemoryStoreSource): MemoryStore {
  const tenants = new Map<string, TenantLedger>();

  /** Looks at one tenant in turn and drops it where nothing of it counts any more. */
  function tidy(now: number): void {
    for (const [tenant, ledger] of tenants) {
      tenants.delete(tenant);
      if (!ledger.isOver(now)) tenants.set(tenant, ledger);
      return;
    }
  }

  function ledgerOf(tenant: string): TenantLedger {
    const known = tenants.get(tenant);
    if (known) return known;
    const ledger = new TenantLedger(runsOf?.(tenant));
    tenants.set(tenant, ledger);
    return ledger;
  }

  return {
    async admit(request: AdmitRequest): Promise<AdmitResult> {
      const now = clock.now();
      tidy(now);
      const result = ledgerOf(request.tenant).admit(request, now);
      if (!result) throw releasedBefore();
      return result;
    },
    settle: async (request: SettleRequest) => ledgerOf(request.tenant).settle(request, clock.now()),
    release: async (tenant: string, call: CallId) => ledgerOf(tenant).release(call, clock.now()),
    async renew(tenant: string, calls: readonly CallId[], leaseMs: number) {
      for (const call of calls) ledgerOf(tenant).renew(call, leaseMs, clock.now());
    },
    ping: async () => true,
    close: async () => tenants.clear(),
    size: () => [...tenants.values()].reduce((sum, ledger) => sum + 1 + ledger.size, 0),
  };
}
