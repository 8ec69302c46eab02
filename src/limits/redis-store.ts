/**
 * The ledger in Redis: every change in a script, atomic and idempotent by call id, so that a change whose answer was
 * lost may be repeated.
 *
 * INVARIANT: every method ends within the client's deadline; what fails rejects with `limit.unavailable`.
 * INVARIANT: a tenant whose generation marker has vanished or changed stays closed in this process until it is rebuilt.
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../core/clock.ts';
import type { CallId, RunId } from '../core/ids.ts';
import { AdmitBatch, type Admissions, readAdmissions, SettleBatch } from './batches.ts';
import type { Question, RedisClient } from './redis.ts';
import { escaped } from '../core/store-keys.ts';
import { type TenantKeys, tenantKeys } from './redis-keys.ts';
import { RELEASE, RENEW } from './scripts.ts';
import { Turn } from './turn.ts';
import type { AdmitRequest, AdmitResult, LedgerStore, SettleRequest } from './store.ts';
import { evicts, releasedBefore, unavailable } from './unavailable.ts';

export interface RedisStoreOptions {
  readonly client: RedisClient;
  /** For tests. Without it the server's clock rules, which all gateways share. */
  readonly clock?: Clock;
  /** Says whether the server may drop what it holds; then nothing is admitted. */
  readonly eviction?: { readonly state: string | undefined };
}

interface Tenant {
  readonly name: string;
  readonly keys: TenantKeys;
  /** The generation this process first saw; empty until it has. */
  generation: string;
  readonly admissions: Turn<AdmitRequest, AdmitBatch, Admissions, AdmitResult>;
  readonly settlements: Turn<SettleRequest, SettleBatch, string, boolean>;
}

/** A tenant whose ledger is not the one that this process knew. */
interface Lost {
  readonly generation: string;
  /** When the store was last asked whether it has been rebuilt. */
  askedAtMs: number;
}

const TENANTS_MAX = 10_000;
/** Runs that this process knows to be born, so that their calls need not say how they began. */
const BORN_MAX = 50_000;
/** How often a lost ledger is looked at again: whether `waygate ledger rebuild` has been there. */
const ASK_AGAIN_MS = 1_000;
/** Leases renewed by one script: a few hundred keep Redis busy for less than a millisecond. */
const RENEWED_TOGETHER_MAX = 100;

export function redisStore(options: RedisStoreOptions): LedgerStore {
  return new RedisLedger(options);
}

class RedisLedger implements LedgerStore {
  readonly #client: RedisClient;
  readonly #clock: Clock | undefined;
  readonly #eviction: RedisStoreOptions['eviction'];
  readonly #tenants = new LRUCache<string, Tenant>({ max: TENANTS_MAX });
  readonly #lost = new Map<string, Lost>();
  readonly #born = new LRUCache<RunId, true>({ max: BORN_MAX });

  constructor({ client, clock, eviction }: RedisStoreOptions) {
    this.#eviction = eviction;
    this.#client = client;
    this.#clock = clock;
  }

  admit(request: AdmitRequest): Promise<AdmitResult> {
    if (this.#eviction?.state !== undefined) return Promise.reject(evicts(this.#eviction.state));
    if (this.#lost.size > 0 && this.#staysLost(request.tenant)) return Promise.resolve({ kind: 'lost' });
    return this.#tenant(request.tenant).admissions.add(request);
  }

  settle(request: SettleRequest): Promise<boolean> {
    return this.#tenant(request.tenant).settlements.add(request);
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

  /** Whether a tenant is lost, and was asked about a moment ago. */
  #staysLost(tenant: string): boolean {
    const lost = this.#lost.get(tenant);
    if (!lost) return false;
    const now = this.#wallClock();
    if (now - lost.askedAtMs < ASK_AGAIN_MS) return true;
    lost.askedAtMs = now;
    return false;
  }

  #tenant(name: string): Tenant {
    const known = this.#tenants.get(name);
    if (known) return known;
    const keys = tenantKeys(name);
    const tenant: Tenant = {
      name,
      keys,
      generation: this.#lost.get(name)?.generation ?? '',
      admissions: new Turn({
        make: () => new AdmitBatch(keys, this.#born),
        ask: (take) => this.#admitAll(tenant, take),
        read: (answers, index, request) => this.#read(answers, index, request),
      }),
      settlements: new Turn({
        make: () => new SettleBatch(keys),
        ask: (take) => this.#run(() => take().question(this.#now())).then(String),
        read: (answers, index) => answers[index] === '1',
      }),
    };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  async #admitAll(tenant: Tenant, take: () => AdmitBatch): Promise<Admissions> {
    const reply = await this.#run(() => {
      const { generation } = tenant;
      const first = generation === '' ? randomUUID() : '-';
      return take().question({ now: this.#now(), generation: generation || '-', first });
    });
    const answers = readAdmissions(String(reply));
    if (answers === 'lost') {
      this.#lost.set(tenant.name, { generation: tenant.generation, askedAtMs: this.#wallClock() });
    } else {
      if (this.#lost.size > 0) this.#lost.delete(tenant.name);
      tenant.generation = answers.generation;
    }
    return answers;
  }

  #read(answers: Admissions, index: number, request: AdmitRequest): AdmitResult | Promise<AdmitResult> {
    if (answers === 'lost') return { kind: 'lost' };
    const result = answers.calls[index];
    if (result === undefined || result === 'gone') throw releasedBefore();
    if (result !== 'unborn' && result.kind === 'admitted') return result;
    // It may not have begun: the next call of the run says again how it does.
    if (request.run) this.#born.delete(request.run.run.id);
    return result === 'unborn' ? this.admit(request) : result;
  }

  /** `-` for the server's clock: what is no number stands for it in every script. */
  #now(): string {
    return this.#clock ? String(this.#clock.now()) : '-';
  }

  #wallClock(): number {
    return (this.#clock ?? systemClock).now();
  }

  async #run(question: () => Question): Promise<unknown> {
    try {
      return await this.#client.run(question);
    } catch (cause) {
      throw unavailable(cause as Error);
    }
  }
}
