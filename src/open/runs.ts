// Part of the composition root: the runs that this process knows, and the journal of their calls.
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { LEASE_MS } from '../limits/bounds.ts';
import { systemSchedule } from '../limits/schedule.ts';
import { type JournalGate, journalGate } from '../runs/journal-gate.ts';
import { type JournalLeases, journalLeases } from '../runs/journal-leases.ts';
import { Registry } from '../runs/registry.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ledger } from './ledger.ts';

const DAY_MS = 86_400_000;

export interface Runs {
  readonly registry: Registry;
  readonly leases: JournalLeases;
  readonly journaled: JournalGate;
  close(): void;
}

export async function openRuns({ store, runs }: Config, ledger: Ledger, { log, metrics }: Telemetry): Promise<Runs> {
  const schedule = systemSchedule;
  const registry = new Registry({ store: ledger.runs, schedule, onFailure: () => metrics.storeFailed('runs') });
  // Without its answer nothing is known to stop everything; then no call is admitted either.
  await registry.watch();
  const leaseMs = store.kind === 'redis' ? store.leaseMs : LEASE_MS;
  const leases = journalLeases({ store: ledger.journal, leaseMs, schedule });
  const journaled = journalGate({
    store: ledger.journal,
    leases,
    clock: systemClock,
    schedule,
    keepMs: runs.journalDays * DAY_MS,
    onUnrecorded({ call }, cause) {
      metrics.storeFailed('journal');
      log.error('the end of a journaled call could not be written; its repeat will be refused', { call, cause });
    },
  });
  return {
    registry,
    leases,
    journaled,
    close() {
      registry.close();
      leases.stop();
    },
  };
}
