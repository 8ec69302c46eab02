import type { RedisClient } from './redis.ts';

/**
 * Refuses a Redis that may drop keys when its memory is full: a dropped counter is a budget begun anew.
 * Throws an `Error` for the operator; `limit.unavailable` where Redis does not answer.
 */
export async function assertNoEviction(client: Pick<RedisClient, 'evictionPolicies'>): Promise<void> {
  const policies = await client.evictionPolicies();
  const evicting = policies.find((policy) => policy !== 'noeviction');
  if (evicting === undefined) return;
  throw new Error(
    `redis may evict ledgers: its maxmemory-policy is \`${evicting}\`; ` +
      'set `maxmemory-policy noeviction`, or give waygate a redis of its own',
  );
}
