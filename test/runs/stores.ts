// A ledger and the runs beside it, as one store, in memory or in Redis.
import type { CallId } from '../../src/core/ids.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import type { RunAdmission } from '../../src/core/run-book.ts';
import type { Run, Stop } from '../../src/core/run.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { AdmitResult, Claim, LedgerStore } from '../../src/limits/store.ts';
import { memoryRuns } from '../../src/runs/memory.ts';
import { redisRuns } from '../../src/runs/redis-runs.ts';
import type { RunStore } from '../../src/runs/store.ts';
import { callId, MINUTE, type TestClock } from '../limits/ledger.ts';

export interface Stores {
  readonly ledger: LedgerStore;
  readonly runs: RunStore;
}

export function inMemory(clock: TestClock): Stores {
  const runs = memoryRuns();
  return { runs, ledger: memoryStore({ clock, runsOf: (tenant) => runs.bookOf(tenant) }) };
}

export function inRedis(client: RedisClient, clock: TestClock): Stores {
  return { ledger: redisStore({ client, clock }), runs: redisRuns({ client, tenants: () => client.tenants() }) };
}

export interface Asked extends Partial<Omit<RunAdmission, 'run'>> {
  readonly claims?: readonly Claim[];
  readonly call?: CallId;
  readonly leaseMs?: number;
}

/** Admits a call of a run, judged by what the run says of its tree. */
export function admitIn(ledger: LedgerStore, tenant: string, run: Run, asked: Asked = {}): Promise<AdmitResult> {
  const { claims = [], call = callId(), leaseMs = MINUTE, ...parts } = asked;
  const admission = {
    agent: 'ci',
    subject: 'ana',
    action: 'tool.call',
    quote: cost(0),
    labels: [],
    counts: [],
    adds: [],
  } as const;
  return ledger.admit({
    tenant,
    call,
    leaseMs,
    chain: [{ scope: 'call', claims }],
    run: { ...admission, run, ...parts },
  });
}

export function cost(tokens: number, money = 0): { readonly tokens: number; readonly money: MicroUsd } {
  return { tokens, money: money as MicroUsd };
}

/** The run by what the store knows of its tree now. */
export async function asKnown(runs: RunStore, tenant: string, run: Run): Promise<Run> {
  return { ...run, tree: (await runs.open(tenant, run)).tree };
}

export function stopBy(state: Stop['state'], because = 'it runs away'): Stop {
  return { state, cause: 'person', by: 'olga', because, atMs: 5 };
}
