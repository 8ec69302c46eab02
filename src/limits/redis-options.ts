// How the client connects, in the client's own options: it never waits, never repeats and never gives up.
import { COMMAND_TIMEOUT_MS } from './bounds.ts';
import { parseNode, parseRedisUrl, type RedisLogin, type RedisNode } from './redis-address.ts';

const CONNECT_TIMEOUT_MS = 1_000;
/** A connection that gives no byte for so long, though asked, is dropped and made anew. No less than a few deadlines. */
const SILENCE_MAX_MS = 2_000;
const DEADLINES_SILENT_MAX = 4;
const RECONNECT_MAX_MS = 1_000;

/** The client's own command time-outs are left out: `joined` keeps one deadline per turn, `socketTimeout` drops the dead. */
export function neverWaiting(commandTimeoutMs = COMMAND_TIMEOUT_MS) {
  return {
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: Math.max(SILENCE_MAX_MS, DEADLINES_SILENT_MAX * commandTimeoutMs),
    connectionName: 'waygate',
  };
}

/** Soon at first, then every second, and not all gateways at once. */
export function reconnectMs(attempt: number): number {
  const longest = Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(attempt, 5));
  return Math.round(longest * (0.5 + Math.random() / 2));
}

export function behindSentinel(
  { name, nodes }: { readonly name: string; readonly nodes: readonly string[] },
  { tls }: RedisLogin,
) {
  return {
    name,
    sentinels: nodes.map(nodeOf),
    sentinelRetryStrategy: reconnectMs,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
  };
}

/** A reference may lead to anything, so what the config schema checked is checked again. It may hold a password. */
export function addressOf(url: string): RedisNode & RedisLogin {
  const address = parseRedisUrl(url);
  if (!address) throw new TypeError('the address of redis is not like `redis://user:password@host:port/database`');
  return address;
}

export function nodeOf(text: string): RedisNode {
  const node = parseNode(text);
  if (!node) throw new TypeError(`\`${text}\` is not a node like \`host:port\``);
  return node;
}
