import type { Cluster, Redis } from 'ioredis';
import { type KeptKey, keysText, type SigningKeyStore } from './store.ts';

const KEY = 'wg:signing:keys';
/** Nothing and an empty list are the same. */
const REPLACE = `
local kept = redis.call('GET', KEYS[1])
if (kept or '[]') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** Signing keys in Redis: `wg:signing:keys` → a list in JSON, each key sealed. */
export function redisSigningKeys(redis: Redis | Cluster): SigningKeyStore {
  return {
    read: async () => parse((await redis.get(KEY)) ?? '[]'),
    replace: async (known, next) => (await redis.eval(REPLACE, 1, KEY, keysText(known), keysText(next))) === 1,
  };
}

function parse(text: string): readonly KeptKey[] {
  const value = parseJson(text);
  if (Array.isArray(value) && value.every(isKept)) return value;
  throw new Error(`\`${KEY}\` in redis does not hold signing keys; delete it to have new ones made`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isKept(value: unknown): value is KeptKey {
  if (typeof value !== 'object' || value === null) return false;
  const { kid, fromMs, sealed } = value as Partial<Record<keyof KeptKey, unknown>>;
  return typeof kid === 'string' && Number.isSafeInteger(fromMs) && typeof sealed === 'string';
}
