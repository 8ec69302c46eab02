// Looks at the counters in Redis all the while, on a connection that no fault touches.
import { Redis } from 'ioredis';
import type { CounterEnd, LedgerEnd } from './evidence.ts';

export interface LedgerWatch {
  /** The counters as they stand, by key; rejects where no server can be asked. */
  counters(): Promise<readonly CounterEnd[]>;
  /** Ids of the calls whose reservations have not ended. */
  leases(): Promise<readonly string[]>;
  /** Everything that is kept, as text. */
  dump(): Promise<string>;
  /** Stops looking, and says what was seen. */
  finish(): Promise<LedgerEnd>;
  /** Forgets the highest marks: the ledger was wiped on purpose. */
  forget(): void;
}

const EVERY_MS = 50;
const COUNTER = /:counter:([^:]+):/;

/** `ports` are the servers of the ledger: one, or the nodes of a cluster or of a failover, of which some may be gone. */
export function watchLedger(ports: readonly number[]): LedgerWatch {
  const servers = ports.map((port) =>
    new Redis(port, '127.0.0.1', { enableOfflineQueue: true, maxRetriesPerRequest: 1, commandTimeout: 2_000 }).on(
      'error',
      () => {},
    ),
  );
  const worst: Record<string, number> = {};
  let looks = 0;
  let stopped = false;

  const ofServer = async (redis: Redis): Promise<readonly CounterEnd[]> => {
    const keys = (await redis.keys('wg:*:counter:*')).filter((key) => COUNTER.test(key));
    const found = await Promise.all(
      keys.map(async (key) => ({ key, values: await redis.hmget(key, 'settled', 'held') })),
    );
    return found.map(({ key, values: [settled, held] }) => ({
      key,
      quota: COUNTER.exec(key)?.[1] ?? '',
      settled: Number(settled ?? 0),
      held: Number(held ?? 0),
    }));
  };
  // Of a key that moves between servers, the one that has it now counts; of a replica, its master's.
  const counters = async (): Promise<readonly CounterEnd[]> => {
    const all = (await Promise.all(servers.map((redis) => ofMaster(redis, ofServer, [])))).flat();
    return [...new Map(all.map((counter) => [counter.key, counter])).values()];
  };
  const looking = (async () => {
    for (;;) {
      if (stopped) return;
      const seen = await counters().catch(() => []);
      for (const { key, settled, held } of seen) worst[key] = Math.max(worst[key] ?? 0, settled + held);
      if (seen.length > 0) looks += 1;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  const leases = async (): Promise<readonly string[]> =>
    (await Promise.all(servers.map((redis) => ofMaster(redis, leasesOf, [])))).flat();
  const dump = async (): Promise<string> =>
    (await Promise.all(servers.map((redis) => ofMaster(redis, textOf, '')))).join('\n');

  const finish = async (): Promise<LedgerEnd> => {
    stopped = true;
    await looking;
    const end = { worst, looks, final: await counters(), leases: await leases() };
    for (const redis of servers) redis.disconnect();
    return end;
  };
  let finished: Promise<LedgerEnd> | undefined;

  return {
    counters,
    leases,
    dump,
    forget() {
      for (const key of Object.keys(worst)) delete worst[key];
    },
    finish: () => (finished ??= finish()),
  };
}

async function ofMaster<T>(redis: Redis, ask: (redis: Redis) => Promise<T>, none: T): Promise<T> {
  try {
    if (!(await redis.info('replication')).includes('role:master')) return none;
    return await ask(redis);
  } catch {
    return none;
  }
}

async function leasesOf(redis: Redis): Promise<readonly string[]> {
  const keys = await redis.keys('wg:*:leases');
  return (await Promise.all(keys.map((key) => redis.zrange(key, '0', '-1')))).flat();
}

async function textOf(redis: Redis): Promise<string> {
  const keys = await redis.keys('*');
  const values = await Promise.all(
    keys.map(async (key) => {
      const type = await redis.type(key);
      if (type === 'hash') return JSON.stringify(await redis.hgetall(key));
      if (type === 'zset') return (await redis.zrange(key, '0', '-1')).join(' ');
      return type === 'string' ? await redis.get(key) : type;
    }),
  );
  return keys.map((key, index) => `${key} ${values[index]}`).join('\n');
}
