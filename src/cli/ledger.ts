import { auditedCalls } from '../audit/calls.ts';
import { redisAnchors } from '../audit/redis.ts';
import { verifyAudit } from '../audit/verify.ts';
import { readingError } from '../config/files.ts';
import type { CallId } from '../core/ids.ts';
import type { Quota } from '../core/quota.ts';
import { type Booked, Bookings } from '../limits/bookings.ts';
import { counterName } from '../limits/counter.ts';
import { rebuildTenant } from '../limits/rebuild.ts';
import type { RedisClient } from '../limits/redis.ts';
import { findConfig, readShape } from './config-file.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';
import { findPolicies, readPolicies } from './policy-files.ts';
import { takeSet } from './policy-set.ts';
import { storeOfConfig, withStore } from './store.ts';

export interface RebuildOptions {
  readonly dirs: readonly string[];
  readonly config?: string;
  readonly tenant?: string;
  readonly all?: true;
  /** The audit is the only source. */
  readonly fromAudit?: true;
  readonly dryRun?: true;
}

interface Source {
  readonly dirs: readonly string[];
  /** The limits in force, by id. What was spent under one that is gone counts nowhere. */
  readonly quotas: ReadonlyMap<string, Quota>;
  readonly nowMs: number;
}

/** Puts the counters of tenants back to what their calls have spent by the audit, and opens them again. */
export async function rebuild(options: RebuildOptions, output: Output): Promise<ExitCode> {
  const { tenant, all, dryRun } = options;
  if ((tenant === undefined) === (all === undefined)) throw new UsageError('expected `--tenant NAME` or `--all`');
  const path = findConfig(options.config);
  if (path === undefined) throw new UsageError('expected `--config FILE` or a `waygate.yaml` here');
  const { value } = await readShape(path);
  const store = await storeOfConfig(value, path);
  if (!store) throw new Error('the ledger of this configuration is in memory, and gone with its process');
  const dirs = options.dirs.length > 0 ? options.dirs : [value.audit.dir];
  const { folder, enforcement } = await findPolicies({ config: path });
  const { policies } = takeSet((await readPolicies(folder)).policies, enforcement);
  const limits = policies.flatMap((policy) => policy.limits);
  const quotas = new Map(limits.map(({ quota }) => [quota.id, quota]));
  const source = { dirs, quotas, nowMs: Date.now() };
  return withStore(store, async (client): Promise<ExitCode> => {
    await prove(dirs, client);
    const { tenants } = await readSpending(source, new Set());
    const wanted = tenant === undefined ? tenants : [tenant];
    for (const one of wanted) {
      const spent = async (name: string, running: ReadonlySet<CallId>): Promise<readonly Booked[]> =>
        (await readSpending(source, running)).of(name);
      const counters = dryRun
        ? await spent(one, new Set())
        : await rebuildTenant(one, { client, nowMs: source.nowMs, spent });
      for (const counter of counters) output.print(lineOf(one, counter));
      output.print(`${one}: ${counters.length} counters ${dryRun ? 'would be' : 'were'} rebuilt from the audit`);
    }
    return 0;
  });
}

/** Rejects where the audit was tampered with, or reaches less far back than the store knows. */
async function prove(dirs: readonly string[], { connection }: RedisClient): Promise<void> {
  const anchors = await redisAnchors(connection).list();
  const { findings } = await verifyAudit(dirs, anchors).catch((cause: unknown) => {
    throw new Error(`the audit cannot be read (${readingError(cause)})`, { cause });
  });
  if (findings.length === 0) return;
  throw new Error('the audit was tampered with, or is not all here; `waygate audit verify` says what is wrong with it');
}

/** All that counts now, where the ledger has these calls as running. */
async function readSpending({ dirs, quotas, nowMs }: Source, running: ReadonlySet<CallId>): Promise<Bookings> {
  const bookings = new Bookings(nowMs);
  for await (const call of auditedCalls(dirs)) {
    const { principal, run, action, resources, charge, permittedAtMs, endedAtMs } = call;
    bookings.add({
      access: { principal, run, action },
      resources,
      quotas: call.quotas.map((id) => quotas.get(id)).filter((quota) => quota !== undefined),
      charge,
      admittedAtMs: permittedAtMs,
      endedAtMs: running.has(call.id) ? undefined : endedAtMs,
    });
  }
  return bookings;
}

function lineOf(tenant: string, { claim, counter }: Booked): string {
  return `${tenant}: ${counterName(claim)} ${counter.settled} of ${claim.limit} ${claim.unit === 'money' ? 'micro-USD' : claim.unit}`;
}
