/**
 * Puts a lost ledger back from what the audit says was spent.
 *
 * INVARIANT: while counters are written the tenant is closed to every gateway, so that nothing is admitted on half of them.
 * INVARIANT: what a running call holds is left to its settlement; everything else counts once.
 */
import { randomUUID } from 'node:crypto';
import type { CallId } from '../core/ids.ts';
import type { Booked } from './bookings.ts';
import type { RedisClient } from './redis.ts';
import { tenantKeys } from './redis-keys.ts';
import { REBUILD } from './scripts.ts';

export interface RebuildOptions {
  readonly client: Pick<RedisClient, 'run'>;
  readonly nowMs: number;
  /** What the tenant's calls have spent, where these still run. Asked again where one of them ends meanwhile. */
  readonly spent: (tenant: string, running: ReadonlySet<CallId>) => Promise<readonly Booked[]>;
}

/** How many counters one script writes: a fraction of a millisecond each. */
const TOGETHER_MAX = 200;

/** Rebuilds one tenant, and gives what was written. Gateways that had closed it go on within a second. */
export async function rebuildTenant(tenant: string, options: RebuildOptions): Promise<readonly Booked[]> {
  const { spent, nowMs } = options;
  const closed = `closed:${randomUUID()}`;
  let running = await write(tenant, { ...options, marker: closed, counters: [] });
  for (;;) {
    const counters = await spent(tenant, new Set(running));
    let stillRunning = running;
    for (let start = 0; start < counters.length; start += TOGETHER_MAX) {
      stillRunning = await write(tenant, {
        ...options,
        marker: closed,
        counters: counters.slice(start, start + TOGETHER_MAX),
      });
    }
    // One that has ended since was perhaps settled in a counter that was then written over.
    if (stillRunning.length === running.length) {
      await write(tenant, { ...options, marker: `rebuilt:${nowMs}:${randomUUID()}`, counters: [] });
      return counters;
    }
    running = stillRunning;
  }
}

interface Writing extends Pick<RebuildOptions, 'client' | 'nowMs'> {
  readonly marker: string;
  readonly counters: readonly Booked[];
}

/** Gives the calls that hold something afterwards. */
async function write(tenant: string, { client, nowMs, marker, counters }: Writing): Promise<readonly CallId[]> {
  const keys = tenantKeys(tenant);
  const words = counters.map(({ counter }) => {
    const fields = [...counter.fields()];
    return `${counter.spanMs(nowMs)} ${fields.length} ${fields.map((field) => field.join(' ')).join(' ')}`;
  });
  const reply = await client.run(() => ({
    script: REBUILD,
    keys: [keys.generation, keys.leases, ...counters.map(({ claim }) => keys.counter(claim))],
    args: [marker, words.join(' ')],
  }));
  return String(reply).split(' ').filter(Boolean).map(decodeURIComponent) as CallId[];
}
