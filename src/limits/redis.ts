/**
 * The connection to Redis: standalone, Sentinel or Cluster.
 *
 * INVARIANT: nothing waits: not connected fails at once, and no answer comes later than the deadline.
 * INVARIANT: nothing that may have run is sent again by the client; whoever asked decides whether to repeat.
 */
import { randomUUID } from 'node:crypto';
import { Cluster, type ClusterOptions, type DNSLookupFunction, Redis } from 'ioredis';
import { COMMAND_TIMEOUT_MS } from './bounds.ts';
import type { Evictions } from './eviction.ts';
import { joined } from './joined.ts';
import { addressOf, behindSentinel, neverWaiting, nodeOf, reconnectMs } from './redis-options.ts';
import { GENERATIONS, tenantOf } from './redis-keys.ts';
import type { Script } from './scripts.ts';
import { NotAsked } from './unavailable.ts';

export interface RedisConfig {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS; with `sentinel` the host does not count. */
  readonly url: string;
  readonly sentinel?: { readonly name: string; readonly nodes: readonly string[] };
  /** Nodes to begin with, besides the one of the url. */
  readonly cluster?: { readonly nodes: readonly string[] };
  /** Deadline of every question; 150 ms. */
  readonly commandTimeoutMs?: number;
  /** Told of every failed connection; the client reconnects by itself, for ever. */
  readonly onError?: (error: Error) => void;
}

export interface Question {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export interface RedisClient {
  /** For what else keeps something in Redis: no deadline stands over its commands but the connection's own. */
  readonly connection: Redis | Cluster;
  /** Resolves once connected for the first time, however long that takes; rejects where closed before. */
  connected(): Promise<void>;
  /** Asks with the others of this turn; what to ask is taken when they leave, so that until then it may grow. */
  run(question: () => Question): Promise<unknown>;
  /** How every node that takes writes deals with full memory. */
  evictions(): Promise<readonly Evictions[]>;
  /** Every tenant that has a ledger. */
  tenants(): Promise<readonly string[]>;
  /** Closes every tenant to every gateway, until it is rebuilt. */
  closeLedgers(): Promise<void>;
  /** Whether any node answers: a cluster that has lost one still serves the tenants of the others. */
  ping(): Promise<boolean>;
  close(): void;
}

const SLOTS_REFRESH_MS = 5_000;
const SCANNED_TOGETHER = 1_000;

export function connectRedis(config: RedisConfig): RedisClient {
  const connection = config.cluster ? connectCluster(config, config.cluster.nodes) : connectServer(config);
  connection.on('error', config.onError ?? (() => {}));
  const nodes = (): readonly Redis[] => (connection instanceof Cluster ? connection.nodes('master') : [connection]);
  const connected = new Promise<void>((resolve, reject) => {
    connection.once('ready', () => resolve(allReady(nodes())));
    connection.once('end', () => reject(new Error('closed before it was connected')));
  });
  connected.catch(() => {});

  const joinedAsk = joined<() => Promise<unknown>, unknown>({
    deadlineMs: config.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
    send: (question) => question(),
    together(sendAll) {
      const streams = nodes().map((node) => node.stream);
      for (const stream of streams) stream?.cork();
      sendAll();
      for (const stream of streams) stream?.uncork();
    },
  });

  async function ask(question: () => Promise<unknown>): Promise<unknown> {
    if (connection.status !== 'ready') throw new NotAsked(`the connection is ${connection.status}`);
    return joinedAsk(question);
  }

  return {
    connection,
    connected: () => connected,
    run: (question) => ask(() => evaluate(connection, question())),
    evictions: async () => (await ask(() => Promise.all(nodes().map(evictionsOf)))) as Evictions[],
    tenants: async () => [...new Set((await Promise.all(nodes().map(tenantsOf))).flat())],
    closeLedgers: async () => void (await Promise.all(nodes().map(closeLedgersOf))),
    ping: () =>
      ask(() => Promise.any(nodes().map((node) => node.ping()))).then(
        () => true,
        () => false,
      ),
    close: () => connection.disconnect(),
  };
}

/** By digest; with the text where the server does not have it (first use, restart, failover, SCRIPT FLUSH). */
function evaluate(connection: Redis | Cluster, { script, keys, args }: Question): Promise<unknown> {
  const words = [...keys, ...args];
  return connection.evalsha(script.sha, keys.length, ...words).catch((error: Error) => {
    if (!error.message.startsWith('NOSCRIPT')) throw error;
    return connection.eval(script.lua, keys.length, ...words);
  });
}

/** From INFO, which managed services allow; from CONFIG where INFO does not say. */
async function evictionsOf(node: Redis): Promise<Evictions> {
  const [memory, stats] = await Promise.all([node.info('memory'), node.info('stats')]);
  const said = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  const policy = said ?? String(((await node.config('GET', 'maxmemory-policy')) as unknown[])[1]);
  return {
    node: `${node.options.host}:${node.options.port}`,
    policy,
    evicted: Number(/^evicted_keys:(\d+)/m.exec(stats)?.[1] ?? 0),
  };
}

async function closeLedgersOf(node: Redis): Promise<void> {
  for await (const markers of markersOf(node)) {
    await Promise.all(markers.map((marker) => node.set(marker, `closed:${randomUUID()}`, 'XX')));
  }
}

async function tenantsOf(node: Redis): Promise<string[]> {
  const tenants: string[] = [];
  for await (const markers of markersOf(node)) tenants.push(...markers.map(tenantOf));
  return tenants;
}

async function* markersOf(node: Redis): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  do {
    const [next, markers] = await node.scan(cursor, 'MATCH', GENERATIONS, 'COUNT', SCANNED_TOGETHER);
    yield markers;
    cursor = next;
  } while (cursor !== '0');
}

async function allReady(nodes: readonly Redis[]): Promise<void> {
  const waiting = nodes.filter((node) => node.status !== 'ready');
  await Promise.all(waiting.map((node) => new Promise((resolve) => node.once('ready', resolve).once('end', resolve))));
}

function connectServer(config: RedisConfig): Redis {
  const { host, port, ...login } = addressOf(config.url);
  const server = {
    ...neverWaiting(config.commandTimeoutMs),
    ...login,
    enableOfflineQueue: false,
    retryStrategy: reconnectMs,
  };
  let left: unknown;
  // A server that was demoted: the next connection asks Sentinel again, or reaches the new master behind the name.
  // Once per connection, though every call under way is told.
  const reconnectOnError = (error: Error): boolean => {
    if (!error.message.startsWith('READONLY') || left === redis.stream) return false;
    left = redis.stream;
    return true;
  };
  const redis: Redis = config.sentinel
    ? new Redis({ ...server, ...behindSentinel(config.sentinel, login), reconnectOnError })
    : new Redis({ ...server, host, port, reconnectOnError });
  return redis;
}

const namesAsTheyAre: DNSLookupFunction = (name, found) => found(null, name);

function connectCluster(config: RedisConfig, nodes: readonly string[]): Cluster {
  const { host, port, db: _none, ...login } = addressOf(config.url);
  const options = {
    redisOptions: { ...neverWaiting(config.commandTimeoutMs), ...login },
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectMs,
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 10,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    // Certificates name hosts; looked up, only addresses would be left to compare with.
    ...(login.tls ? { dnsLookup: namesAsTheyAre } : {}),
  } satisfies ClusterOptions;
  const cluster = new Cluster([{ host, port }, ...nodes.map(nodeOf)], options);
  // Nodes connect on their first command, which would then be refused: connect as soon as they are known.
  cluster.on('+node', (node: Redis) => void node.connect().catch(() => {}));
  return cluster;
}
