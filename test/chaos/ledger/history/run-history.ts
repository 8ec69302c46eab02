/**
 * A history on a real Redis: client processes call, a nemesis spoils, and when all is over the ledger that is left is held
 * against everything that the clients were told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisStore } from '../../../../src/limits/redis-store.ts';
import { tenantKeys } from '../../../../src/limits/redis-keys.ts';
import type { AdmitRequest, Claim } from '../../../../src/limits/store.ts';
import { connected } from '../../../limits/connect.ts';
import { statesOf } from '../../../limits/ledger.ts';
import { type RedisServer, startRedis } from '../../../support/redis.ts';
import { Dice } from '../dice.ts';
import { check, type Checked, type Ledger } from './check.ts';
import { LEASE_MS } from './client.ts';
import { Clients } from './clients.ts';
import { type Fault, nemesis } from './nemesis.ts';
import { type Operation, readOperations } from './operation.ts';

export interface History extends Checked {
  readonly seed: number;
  readonly faults: ReadonlyMap<Fault, number>;
}

export interface HistoryOptions {
  /** Decides what goes wrong and what clients ask; not what the machine makes of it. */
  readonly seed: number;
  readonly operations: number;
}

const CLIENTS = 3;

export async function runHistory({ seed, operations }: HistoryOptions): Promise<History> {
  const dir = mkdtempSync(join(tmpdir(), 'waygate-history-'));
  // What is acknowledged is on disk: a restart loses nothing that a client was told.
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  try {
    const tenant = `history-${seed}`;
    const clients = await Clients.start({ count: CLIENTS, port: server.port, tenant, seed, dir });
    const over = new AbortController();
    const spoiling = nemesis({ server, clients, dice: new Dice(seed) }, over.signal);
    while (clients.operations < operations) await pause(50);
    over.abort();
    const faults = await spoiling;
    await clients.stop();
    const recorded = clients.logs.flatMap(readOperations);
    await pause(LEASE_MS);
    return { seed, faults, ...check(recorded, await ledgerOf(server, tenant, recorded)) };
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What the counters stand at in Redis, once questions of no amount have ended all leases that are over. */
async function ledgerOf(server: RedisServer, tenant: string, operations: readonly Operation[]): Promise<Ledger> {
  const client = await connected({ url: server.url });
  const store = redisStore({ client });
  const claims = claimsOf(operations);
  try {
    for (let round = 0; round < 1_000; round += 1) {
      const call = `probe-${round}` as AdmitRequest['call'];
      const asked = claims.map((claim): Claim => ({ ...claim, ask: 0, enforced: false, mode: 'spend' }));
      const result = await store.admit({ tenant, call, chain: [{ scope: 'call', claims: asked }], leaseMs: 1 });
      if (statesOf(result).every(({ held }) => held === 0)) break;
    }
    const ledger = new Map<string, { settled: number; held: number }>();
    for (const claim of claims) {
      const [settled, held] = await client.connection.hmget(tenantKeys(tenant).counter(claim), 'settled', 'held');
      ledger.set(claim.key, { settled: Number(settled), held: Number(held) });
    }
    return ledger;
  } finally {
    client.close();
  }
}

function claimsOf(operations: readonly Operation[]): readonly Claim[] {
  const claims = operations.flatMap(({ asked }) =>
    asked.kind === 'admit' ? asked.chain.flatMap((link) => link.claims) : [],
  );
  return [...new Map(claims.map((claim) => [claim.key, claim])).values()];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
