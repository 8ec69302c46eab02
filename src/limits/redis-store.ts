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
import { admissionText, readAdmission } from './admission-text.ts';
import type { Question, RedisClient } from './redis.ts';
import { escaped, type TenantKeys, tenantKeys } from './redis-keys.ts';
import { ADMIT, RELEASE, RENEW, SETTLE } from './scripts.ts';
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

export function redisStore(options: RedisStoreOptions): RedisStore {
  return new RedisLedger(options);
}

class RedisLedger implements RedisStore {
  readonly #client: RedisClient;
  readonly #clock: Clock | undefined;
  readonly #tenants = new LRUCache<string, Tenant>({ max: TENANTS_MAX });
  readonly #lost = new Set<string>();

  constructor({ client, clock }: RedisStoreOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  async admit(request: AdmitRequest): Promise<AdmitResult> {
    if (this.#lost.has(request.tenant)) return { kind: 'lost' };
    const tenant = this.#tenant(request.tenant);
    const [only, ...ancestors] = request.chain;
    const claims = only && ancestors.length === 0 ? only.claims : request.chain.flatMap((link) => link.claims);
    const { generation, leases, reservation, counter } = tenant.keys;
    const keys = [generation, leases, reservation(request.call)];
    for (const claim of claims) keys.push(counter(claim));
    const first = tenant.generation === '' ? randomUUID() : '';
    const moment = { now: this.#now(), generation: tenant.generation, first };
    const reply = await this.#run({ script: ADMIT, keys, args: [admissionText(request, claims, moment)] });
    const { generation: seen, result } = readAdmission(String(reply));
    if (result === 'gone') throw releasedBefore();
    if (result.kind === 'lost') this.#lost.add(request.tenant);
    else tenant.generation = seen;
    return result;
  }

  async settle({ tenant, call, actual }: SettleRequest): Promise<boolean> {
    const { leases, reservation } = this.#tenant(tenant).keys;
    const words = `${this.#now()} ${escaped(call)} ${actual.join(' ')}`;
    return (await this.#run({ script: SETTLE, keys: [leases, reservation(call)], args: [words] })) === 1;
  }

  async release(tenant: string, call: CallId): Promise<boolean> {
    const { leases, reservation } = this.#tenant(tenant).keys;
    const args = [this.#now(), escaped(call)];
    return (await this.#run({ script: RELEASE, keys: [leases, reservation(call)], args })) === 1;
  }

  async renew(tenant: string, calls: readonly CallId[], leaseMs: number): Promise<void> {
    const { leases, reservation } = this.#tenant(tenant).keys;
    for (let start = 0; start < calls.length; start += RENEWED_TOGETHER_MAX) {
      const some = calls.slice(start, start + RENEWED_TOGETHER_MAX);
      const keys = [leases, ...some.map(reservation)];
      await this.#run({ script: RENEW, keys, args: [this.#now(), String(leaseMs), ...some.map(escaped)] });
    }
  }

  ping(): Promise<boolean> {
    return this.#client.ping();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  reopen(tenant: string): void {
    this.#lost.delete(tenant);
    this.#tenants.delete(tenant);
  }

  #tenant(name: string): Tenant {
    const known = this.#tenants.get(name);
    if (known) return known;
    const tenant = { keys: tenantKeys(name), generation: '' };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  /** `-` for the server's clock: what is no number stands for it in every script. */
  #now(): string {
    return this.#clock ? String(this.#clock.now()) : '-';
  }

  async #run(question: Question): Promise<unknown> {
    try {
      return await this.#client.run(question);
    } catch (cause) {
      throw unavailable(cause as Error);
    }
  }
}
