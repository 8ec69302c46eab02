// Whether the ledger in Redis and the audit tell of the same spending. Both are read here anew, with none of the gateway's code.
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

/** What a tenant has spent. */
export interface Spent {
  readonly tokens: number;
  readonly usdMicros: number;
}

export interface Ledger {
  /** What counters say is held by calls under way; by counter, without those at 0. */
  readonly held: Readonly<Record<string, number>>;
  /** Calls with a lease. */
  readonly leases: number;
  /** Of the limits `soak/money` and `soak/tokens`, by tenant. */
  readonly settled: Readonly<Record<string, Spent>>;
}

const COUNTER = /^wg:\{(.+)\}:counter:(.+)$/;

export async function readLedger(url: string): Promise<Ledger> {
  const redis = new Redis(url);
  try {
    const held: Record<string, number> = {};
    const settled: Record<string, Spent> = {};
    let leases = 0;
    for (const key of await redis.keys('wg:*')) {
      if (key.endsWith(':leases')) leases += await redis.zcard(key);
      const [, tenant = '', name = ''] = COUNTER.exec(key) ?? [];
      if (name === '') continue;
      const [holds, spent] = (await redis.hmget(key, 'held', 'settled')).map(Number);
      if (holds) held[key] = holds;
      const before = settled[tenant] ?? { tokens: 0, usdMicros: 0 };
      if (name.startsWith('soak/money:')) settled[tenant] = { ...before, usdMicros: spent ?? NaN };
      if (name.startsWith('soak/tokens:')) settled[tenant] = { ...before, tokens: spent ?? NaN };
    }
    return { held, leases, settled };
  } finally {
    redis.disconnect();
  }
}

interface Line {
  readonly kind: string;
  readonly call: string;
  readonly principal?: { readonly tenant: string };
  readonly standings?: readonly { readonly quota: string }[];
  readonly cost?: Spent;
}

export interface Audited {
  readonly calls: number;
  /** Permitted calls without an outcome. */
  readonly open: number;
  /** By tenant, as `Ledger.settled` has it. */
  readonly spent: Readonly<Record<string, Spent>>;
}

/** Sums up an audit log of one replica. */
export async function readAudit(dir: string): Promise<Audited> {
  const permits = new Map<string, Line>();
  const spent: Record<string, Spent> = {};
  let calls = 0;
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith('.jsonl')) continue;
    for await (const text of createInterface({ input: createReadStream(join(dir, file)) })) {
      const line = JSON.parse(text) as Line;
      if (line.kind === 'permit') permits.set(line.call, line);
      // A refusal ends a permit that came to stand too late: its call had been refused for want of it.
      const permit = line.kind === 'outcome' || line.kind === 'refusal' ? permits.get(line.call) : undefined;
      if (!permit) continue;
      permits.delete(line.call);
      calls += 1;
      const { tenant = '' } = permit.principal ?? {};
      const before = spent[tenant] ?? { tokens: 0, usdMicros: 0 };
      const counts = (limit: string): boolean => permit.standings?.some(({ quota }) => quota === limit) ?? false;
      spent[tenant] = {
        tokens: before.tokens + (counts('soak/tokens') ? (line.cost?.tokens ?? 0) : 0),
        usdMicros: before.usdMicros + (counts('soak/money') ? (line.cost?.usdMicros ?? 0) : 0),
      };
    }
  }
  return { calls, open: permits.size, spent };
}
