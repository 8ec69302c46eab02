// Real Redis servers as a cluster and behind a sentinel. They end with the test that started them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, redisBinary, type RedisServer, startRedis } from '../support/redis.ts';

export const HAS_SERVER = redisBinary() !== undefined;

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited 20 s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Sends commands on a connection of its own. */
export async function tell<T>(port: number, commands: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null }).on('error', () => {});
  try {
    return await commands(redis);
  } finally {
    redis.disconnect();
  }
}

export interface RedisServers {
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Three masters that share the slots. */
export async function startCluster(): Promise<RedisServers> {
  const buses: number[] = [];
  const nodes: RedisServer[] = [];
  for (const range of [
    [0, 5_460],
    [5_461, 10_922],
    [10_923, 16_383],
  ] as const) {
    const bus = await freePort();
    const node = await startRedis(['--cluster-enabled', 'yes', '--cluster-port', String(bus)]);
    buses.push(bus);
    nodes.push(node);
    await tell(node.port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', ...range));
  }
  const first = nodes[0] as RedisServer;
  for (const [index, { port }] of nodes.entries()) {
    if (index > 0)
      await tell(first.port, (redis) => redis.call('CLUSTER', 'MEET', '127.0.0.1', port, buses[index] as number));
  }
  await until('the cluster is whole', async () => {
    const infos = await Promise.all(nodes.map(({ port }) => tell(port, (redis) => redis.cluster('INFO'))));
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'));
  });
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
}

export interface WatchedRedis extends RedisServers {
  /** `host:port` of the sentinel, which knows the master as `ledger`. */
  readonly sentinel: string;
}

/** A master with one replica and one sentinel, which makes the replica master when the master has gone for half a second. */
export async function startSentinel(): Promise<WatchedRedis> {
  const master = await startRedis();
  const replica = await startRedis([
    '--replicaof',
    '127.0.0.1',
    String(master.port),
    '--repl-diskless-sync-delay',
    '0',
  ]);
  await until('the replica follows', () =>
    tell(replica.port, async (redis) => (await redis.info('replication')).includes('master_link_status:up')),
  );
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'waygate-sentinel-'));
  const config = join(dir, 'sentinel.conf');
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor ledger 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds ledger 500',
      'sentinel failover-timeout ledger 2000',
    ].join('\n'),
  );
  const child = spawn(redisBinary() as string, [config, '--sentinel'], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await until('the sentinel knows master and replica', () =>
    tell(port, async (redis) => {
      const told = await redis.call('SENTINEL', 'REPLICAS', 'ledger');
      return JSON.stringify(told).includes(String(replica.port));
    }).catch(() => false),
  );
  return {
    nodes: [master, replica],
    sentinel: `127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await gone;
      await Promise.all([master.stop(), replica.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
