/**
 * The ledger in Redis: one script per change, atomic and idempotent by call id, so that a change whose answer was
 * lost may be repeated.
 *
 * INVARIANT: every method ends within the client's deadline; what fails rejects with `limit.unavailable`.
 * INVARIANT: a tenant whose generation marker has vanished or changed stays closed in this process until `reopen`.
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { CallId } from '../core/ids.ts';
import { admitArguments, readAdmission } from './admission-text.ts';
import type { RedisClient } from './redis.ts';
import { escaped, type TenantKeys, tenantKeys } from './redis-keys.ts';
import { ADMIT, RELEASE, RENEW, type Script, SETTLE } from './scripts.ts';
import type { AdmitRequest, AdmitResult, LedgerStore, SettleRequest } from './store.ts';
import { releasedBefore, unavailable } from './unavailable.ts';

export interface RedisStoreOptions {
  readonly client: RedisClient;
  /** For tests. Without it the server's clock rules, which all gateways share. */
  readonly clock?: Clock;
}

export interface RedisStore extends LedgerStore {
  /** Accepts a lost ledger as it is, in this process: the operator has rebuilt it or takes it as empty. */
  reopen(tenant: string): void;
}

interface Tenant {
  readonly keys: TenantKeys;
  /** The generation this process first saw; empty until it has. */
  generation: string;
}

const TENANTS_MAX = 10_000;
/** Leases renewed by one script: a few hundred keep Redis busy for less than a millisecond. */
const RENEWED_TOGETHER_MAX = 100;

export function redisStore({ client, clock }: RedisStoreOptions): RedisStore {
  const tenants = new LRUCache<string, Tenant>({ max: TENANTS_MAX });
  const lost = new Set<string>();
  const now = (): string => (clock === undefined ? '' : String(clock.now()));

  function tenantOf(name: string): Tenant {
    const known = tenants.get(name);
    if (known) return known;
    const tenant = { keys: tenantKeys(name), generation: '' };
    tenants.set(name, tenant);
    return tenant;
  }

  async function run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await client.run({ script, keys, args });
    } catch (cause) {
      throw unavailable(cause as Error);
    }
  }

  async function admit(request: AdmitRequest): Promise<AdmitResult> {
    if (lost.has(request.tenant)) return { kind: 'lost' };
    const tenant = tenantOf(request.tenant);
    const claims = request.chain.flatMap((link) => link.claims);
    const { generation, leases, reservation, counter } = tenant.keys;
    const keys = [generation, leases, reservation(request.call), ...claims.map(counter)];
    const expected = { generation: tenant.generation, first: randomUUID() };
    const reply = await run(ADMIT, keys, admitArguments(request, claims, { now: now(), ...expected }));
    const { generation: seen, result } = readAdmission(String(reply));
    if (result === 'gone') throw releasedBefore();
    if (result.kind === 'lost') lost.add(request.tenant);
    else tenant.generation = seen;
    return result;
  }

  async function renew(name: string, calls: readonly CallId[], leaseMs: number): Promise<void> {
    const { leases, reservation } = tenantOf(name).keys;
    for (let start = 0; start < calls.length; start += RENEWED_TOGETHER_MAX) {
      const some = calls.slice(start, start + RENEWED_TOGETHER_MAX);
      await run(RENEW, [leases, ...some.map(reservation)], [now(), String(leaseMs), ...some.map(escaped)]);
    }
  }

  return {
    admit,
    renew,
    async settle({ tenant, call, actual }: SettleRequest) {
      const { leases, reservation } = tenantOf(tenant).keys;
      return (await run(SETTLE, [leases, reservation(call)], [now(), escaped(call), ...actual.map(String)])) === 1;
    },
    async release(tenant: string, call: CallId) {
      const { leases, reservation } = tenantOf(tenant).keys;
      return (await run(RELEASE, [leases, reservation(call)], [now(), escaped(call)])) === 1;
    },
    ping: () => client.ping(),
    close: async () => client.close(),
    reopen(tenant) {
      lost.delete(tenant);
      tenants.delete(tenant);
    },
  };
}
