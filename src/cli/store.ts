// The store of a gateway, as a command reaches it.
import { systemFiles } from '../config/files.ts';
import type { ConfigFile } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { parseSecretReference } from '../core/secret-reference.ts';
import { connectRedis, type RedisClient, type RedisConfig } from '../limits/redis.ts';
import { parseRedisUrl } from '../limits/redis-address.ts';
import { besideConfig } from './config-file.ts';
import { UsageError } from './output.ts';

export type StoreAddress = Pick<RedisConfig, 'url' | 'sentinel' | 'cluster'>;

const CONNECT_MS = 5_000;
const UNASKED = 'the store cannot be asked';

/** `--redis`: a reference, or an address that may be seen by whoever lists processes. */
export async function storeOfOption(text: string): Promise<StoreAddress> {
  if (parseSecretReference(text)) return { url: await follow(text, (path) => path) };
  const address = parseRedisUrl(text);
  if (address && address.password === undefined) return { url: text };
  throw new UsageError('expected `--redis env:NAME`, `--redis file:PATH`, or `redis://host:port` without a password');
}

/** The store of a configuration; undefined where it is this process' memory. */
export async function storeOfConfig({ store }: ConfigFile, path: string): Promise<StoreAddress | undefined> {
  if (store.kind === 'memory') return undefined;
  const { sentinel, cluster } = store;
  const url = parseSecretReference(store.url)
    ? await follow(store.url, (given) => besideConfig(path, given))
    : store.url;
  return { url, ...(sentinel && { sentinel }), ...(cluster && { cluster }) };
}

async function follow(reference: string, pathOf: (given: string) => string): Promise<string> {
  const secret = await resolveSecret(reference, { env: process.env, read: (given) => systemFiles.read(pathOf(given)) });
  if (secret.ok) return secret.value;
  throw new Error(`${UNASKED}: ${secret.message}`);
}

/** Connects, and ends the connection after the work. Rejects where the store cannot be reached. */
export async function withStore<T>(store: StoreAddress, work: (client: RedisClient) => Promise<T>): Promise<T> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  let last = new Error(`it did not answer within ${CONNECT_MS} ms`);
  const client = connectRedis({
    ...store,
    commandTimeoutMs: CONNECT_MS,
    onError(error) {
      last = error;
      // Of several nodes another one may still answer.
      if (!store.sentinel && !store.cluster) reject(error);
    },
  });
  const timer = setTimeout(() => reject(last), CONNECT_MS);
  try {
    await Promise.race([client.connected(), failed]).catch((cause: Error) => {
      throw new Error(`${UNASKED}: ${cause.message}`, { cause });
    });
    clearTimeout(timer);
    return await work(client);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}
