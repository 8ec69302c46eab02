// Part of the composition root: the store of the ledgers, opened and looked at before anything is trusted to it.
import { redisAnchors } from '../audit/redis.ts';
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { SECRET_REFERENCE } from '../core/secret-reference.ts';
import { assertNoEviction, EvictionWatch } from '../limits/eviction.ts';
import { memoryStore } from '../limits/memory.ts';
import { connectRedis, type RedisClient, type RedisConfig } from '../limits/redis.ts';
import { redisStore } from '../limits/redis-store.ts';
import { systemSchedule } from '../limits/schedule.ts';
import type { LedgerStore } from '../limits/store.ts';
import type { JournalStore } from '../runs/journal.ts';
import { memoryJournal } from '../runs/journal-memory.ts';
import { redisJournal } from '../runs/journal-redis.ts';
import { memoryRuns } from '../runs/memory.ts';
import { redisRuns } from '../runs/redis-runs.ts';
import type { RunStore } from '../runs/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** How long a start waits for its store. */
const CONNECTED_MS = 2_000;
const ASK_AGAIN_MS = 250;

/** Where what calls have spent and hold is kept. */
export interface Ledger {
  readonly store: LedgerStore;
  readonly runs: RunStore;
  readonly journal: JournalStore;
  /** For what else is kept in Redis; undefined where the store is memory. */
  readonly client: RedisClient | undefined;
  readonly anchors: ReturnType<typeof redisAnchors> | undefined;
  readonly eviction: EvictionWatch | undefined;
  close(): Promise<void>;
}

/** Opens the store that a configuration names. Rejects where Redis may drop what it holds, or does not say. */
export async function openLedger({ store, secret }: Config, { log, metrics }: Telemetry): Promise<Ledger> {
  if (store.kind === 'memory') {
    const runs = memoryRuns();
    const memory = memoryStore({ clock: systemClock, runsOf: (tenant) => runs.bookOf(tenant) });
    return {
      store: memory,
      runs,
      journal: memoryJournal({ clock: systemClock }),
      client: undefined,
      anchors: undefined,
      eviction: undefined,
      close: () => memory.close(),
    };
  }
  const url = SECRET_REFERENCE.test(store.url) ? secret(store.url) : store.url;
  const { sentinel, cluster, commandTimeoutMs } = store;
  const options: RedisConfig = { url, commandTimeoutMs, ...(sentinel && { sentinel }), ...(cluster && { cluster }) };
  let failures = 0;
  const client = connectRedis({
    ...options,
    onError(error) {
      metrics.storeFailed('connect');
      failures += 1;
      // The first of a row tells it; the rest would only fill the log.
      if (failures === 1) log.warn('redis cannot be reached; trying again until it can', { cause: error });
    },
  });
  // The next outage is a row of its own.
  client.connection.on('ready', () => {
    failures = 0;
  });
  const checked = fit(client);
  checked.catch((cause: unknown) => {
    // What is refused here never opens again, and holds no process back from its end.
    client.close();
    log.error('redis is not fit to keep ledgers, so nothing that is limited is let in', { cause });
  });
  // A gateway without its store starts all the same: alive, not ready, and refusing what is limited.
  await within(CONNECTED_MS, checked);
  const eviction = new EvictionWatch({
    client,
    schedule: systemSchedule,
    onChange(state) {
      if (state === undefined) log.warn('redis keeps what it holds again');
      else log.error('redis may evict ledgers: no limited call is admitted', { state });
    },
  });
  await eviction.look();
  const ledger = redisStore({ client, eviction });
  return {
    store: ledger,
    journal: redisJournal({ client }),
    client,
    runs: redisRuns({ client, tenants: () => client.tenants() }),
    anchors: redisAnchors(client.connection),
    eviction,
    close() {
      eviction.stop();
      return ledger.close();
    },
  };
}

/** Resolves once redis has said that it never evicts; rejects where it may, or does not tell. A late answer is asked for again. */
async function fit(client: RedisClient): Promise<void> {
  await client.connected();
  for (;;) {
    const nodes = await client.evictions().catch((cause: Error) => {
      if (cause.name === 'ReplyError') throw cause;
      return undefined;
    });
    if (nodes) return assertNoEviction(nodes);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS).unref());
  }
}

/** Ends with it, or when the time is over; rejects where it has failed by then. */
function within(ms: number, pending: Promise<void>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  pending.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
