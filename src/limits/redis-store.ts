/**
 * The ledger in Redis: every change in a script, atomic and idempotent by call id, so that a change whose answer was
 * lost may be repeated.
 *
 * INVARIANT: every method ends within the client's deadline; what fails rejects with `limit.unavailable`.
 * INVARIANT: a tenant whose generation marker has vanished or changed stays closed in this process until `reopen`.
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { CallId } from '../core/ids.ts';
import { AdmitBatch, type Admissions, readAdmissions, SettleBatch } from './batches.ts';
import type { Question, RedisClient } from './redis.ts';
import { escaped, type TenantKeys, tenantKeys } from './redis-keys.ts';
import { RELEASE, RENEW } from './scripts.ts';
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
  /** What has not left yet. */
  admissions: Leaving<AdmitBatch, Admissions> | undefined;
  settlements: Leaving<SettleBatch, string> | undefined;
}

/** A batch that still takes calls, and the answer to all of it. */
interface Leaving<Batch, Answer> {
  readonly batch: Batch;
  readonly answer: Promise<Answer>;
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
    const leaving = tenant.admissions ?? this.#openAdmissions(tenant);
    const index = leaving.batch.add(request);
    if (leaving.batch.isFull) tenant.admissions = undefined;
    const admissions = await leaving.answer;
    if (admissions === 'lost') {
      this.#lost.add(request.tenant);
      return { kind: 'lost' };
    }
    tenant.generation = admissions.generation;
    const result = admissions.calls[index];
    if (result === undefined || result === 'gone') throw releasedBefore();
    return result;
  }

  #openAdmissions(tenant: Tenant): Leaving<AdmitBatch, Admissions> {
    const batch = new AdmitBatch(tenant.keys);
    const leave = (): void => {
      if (tenant.admissions?.batch === batch) tenant.admissions = undefined;
    };
    const ask = (): Question => {
      leave();
      const { generation } = tenant;
      const first = generation === '' ? randomUUID() : '-';
      return batch.question({ now: this.#now(), generation: generation || '-', first });
    };
    const answer = this.#run(ask).then((reply) => readAdmissions(String(reply)));
    answer.catch(leave);
    return (tenant.admissions = { batch, answer });
  }

  async settle(request: SettleRequest): Promise<boolean> {
    const tenant = this.#tenant(request.tenant);
    const leaving = tenant.settlements ?? this.#openSettlements(tenant);
    const index = leaving.batch.add(request);
    if (leaving.batch.isFull) tenant.settlements = undefined;
    return (await leaving.answer)[index] === '1';
  }

  #openSettlements(tenant: Tenant): Leaving<SettleBatch, string> {
    const batch = new SettleBatch(tenant.keys);
    const leave = (): void => {
      if (tenant.settlements?.batch === batch) tenant.settlements = undefined;
    };
    const ask = (): Question => {
      leave();
      return batch.question(this.#now());
    };
    const answer = this.#run(ask).then(String);
    answer.catch(leave);
    return (tenant.settlements = { batch, answer });
  }

  async release(tenant: string, call: CallId): Promise<boolean> {
    const { leases, reservation } = this.#tenant(tenant).keys;
    const args = [this.#now(), escaped(call)];
    return (await this.#run(() => ({ script: RELEASE, keys: [leases, reservation(call)], args }))) === 1;
  }

  async renew(tenant: string, calls: readonly CallId[], leaseMs: number): Promise<void> {
    const { leases, reservation } = this.#tenant(tenant).keys;
    for (let start = 0; start < calls.length; start += RENEWED_TOGETHER_MAX) {
      const some = calls.slice(start, start + RENEWED_TOGETHER_MAX);
      const keys = [leases, ...some.map(reservation)];
      const args = [this.#now(), String(leaseMs), ...some.map(escaped)];
      await this.#run(() => ({ script: RENEW, keys, args }));
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
    const tenant: Tenant = { keys: tenantKeys(name), generation: '', admissions: undefined, settlements: undefined };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  /** `-` for the server's clock: what is no number stands for it in every script. */
  #now(): string {
    return this.#clock ? String(this.#clock.now()) : '-';
  }

  async #run(question: () => Question): Promise<unknown> {
    try {
      return await this.#client.run(question);
    } catch (cause) {
      throw unavailable(cause as Error);
    }
  }
}
