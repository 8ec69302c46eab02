import { connectRedis, type RedisClient, type RedisConfig } from '../../src/limits/redis.ts';

/** A connection that a busy machine does not time out: for tests that are not about time. */
export async function connected(config: RedisConfig): Promise<RedisClient> {
  const client = connectRedis({ commandTimeoutMs: 10_000, ...config });
  await client.connected();
  return client;
}
