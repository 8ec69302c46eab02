// What identity keeps in Redis; docs/redis-keys.md says what each key holds.
import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import type { Claims } from './claims.ts';
import type { GrantPlace, GrantStore } from './grant-store.ts';
import type { FirstSeen } from './proof-memory.ts';

const REVOKED = 'wg:revoked';

export function redisGrants(redis: Redis | Cluster, clock: Clock): GrantStore {
  return {
    async put(place, { claims, untilMs }) {
      await redis.set(grantKey(place), JSON.stringify(claims), 'PXAT', Math.ceil(untilMs));
    },
    get: async (place) => parse(await redis.get(grantKey(place))),
    async drop(place) {
      await redis.del(grantKey(place));
    },
    async deny(tokenId, untilMs) {
      await redis.zremrangebyscore(REVOKED, '-inf', clock.now());
      await redis.zadd(REVOKED, 'GT', Math.ceil(untilMs), tokenId);
    },
    denied: () => redis.zrangebyscore(REVOKED, `(${clock.now()}`, '+inf'),
  };
}

/** A proof is new to all replicas once: `wg:dpop:<key>:<hash of its jti>`. */
export function redisProofs(redis: Redis | Cluster): FirstSeen {
  return async ({ proofKey, digest, forMs }) =>
    (await redis.set(`wg:dpop:${proofKey}:${digest}`, '1', 'PX', Math.ceil(forMs), 'NX')) === 'OK';
}

/** In the tenant's hash tag, escaped as the ledger's keys are; an empty tenant is `%`. */
function grantKey({ tenant, hash }: GrantPlace): string {
  return `wg:{${encodeURIComponent(tenant.toWellFormed()) || '%'}}:grant:${hash}`;
}

function parse(text: string | null): Claims | undefined {
  return text === null ? undefined : (JSON.parse(text) as Claims);
}
