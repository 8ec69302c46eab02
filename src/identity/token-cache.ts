import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import type { Verified, Verify } from './verify.ts';

const TOKENS_MAX = 10_000;
/** A token is verified anew this often, so that a key which its issuer has withdrawn stops counting. */
const REVERIFY_MS = 300_000;

/**
 * Verifies each token once for a while. Entries are keyed by SHA-256 of the whole token, so that no two tokens share one
 * and no token is kept; expiry is checked on every use. Concurrent uses of a new token share one verification.
 */
export function tokenCache(verify: Verify, clock: Clock): (token: string) => Principal | Promise<Principal> {
  const known = new LRUCache<string, Verified>({ max: TOKENS_MAX });
  const running = new Map<string, Promise<Principal>>();

  async function learn(token: string, digest: string): Promise<Principal> {
    try {
      const fresh = await verify(token);
      // The same token is the same principal: what others keep by this object stays theirs.
      const principal = known.get(digest)?.principal ?? fresh.principal;
      known.set(digest, { principal, validUntilMs: Math.min(fresh.validUntilMs, clock.now() + REVERIFY_MS) });
      return principal;
    } finally {
      running.delete(digest);
    }
  }

  return function principalFor(token) {
    const digest = hash('sha256', token, 'base64url');
    const entry = known.get(digest);
    if (entry && clock.now() < entry.validUntilMs) return entry.principal;
    const underWay = running.get(digest) ?? learn(token, digest);
    running.set(digest, underWay);
    return underWay;
  };
}
