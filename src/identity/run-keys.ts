// INVARIANT: a run key that was revoked is refused within FRESH_MS; one whose store does not answer within STALE_MS of its
// last answer.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import { delegatedPrincipal } from './delegated.ts';
import type { GrantPlace, GrantStore } from './grant-store.ts';
import { expiredToken, invalidToken, storeAnswer } from './refusals.ts';
import { placeOf } from './run-key.ts';

/** How long an answer of the store holds, and how long it serves while the store gives no other. */
const FRESH_MS = 4_000;
export const STALE_MS = 60_000;
const KEYS_MAX = 10_000;

/** Whom a run key stands for. Throws or rejects with `identity.*`; no promise where it was looked up a moment ago. */
export type FindRunKey = (key: string) => Principal | Promise<Principal>;

interface Found {
  /** undefined where the store knows no such key. */
  readonly principal: Principal | undefined;
  readonly atMs: number;
}

export function runKeyFinder(store: Pick<GrantStore, 'get'>, clock: Clock): FindRunKey {
  const known = new LRUCache<string, Found>({ max: KEYS_MAX });
  const running = new Map<string, Promise<Principal>>();

  async function look(place: GrantPlace): Promise<Principal> {
    const before = known.get(place.hash);
    try {
      const principal = await lookUp(store, place);
      // The same key is the same principal: what others keep by this object stays theirs.
      const found = { principal: principal && (before?.principal ?? principal), atMs: clock.now() };
      known.set(place.hash, found);
      return believed(found, clock.now());
    } catch (error) {
      if (isUnavailable(error) && before && clock.now() < before.atMs + STALE_MS) return believed(before, clock.now());
      throw error;
    } finally {
      running.delete(place.hash);
    }
  }

  return function find(key) {
    const place = placeOf(key);
    if (!place) throw unknownKey();
    const found = known.get(place.hash);
    if (found && clock.now() < found.atMs + FRESH_MS) return believed(found, clock.now());
    const underWay = running.get(place.hash) ?? look(place);
    running.set(place.hash, underWay);
    return underWay;
  };
}

/** Whom a run key stands for by the store's own word. Rejects with `identity.unavailable`. */
export async function lookUp(store: Pick<GrantStore, 'get'>, place: GrantPlace): Promise<Principal | undefined> {
  const claims = await storeAnswer(() => store.get(place));
  if (!claims) return undefined;
  const principal = delegatedPrincipal(claims, 'key');
  // The tenant in a key's text says where it lies, and nothing of whom it stands for.
  return principal.tenant === place.tenant ? principal : undefined;
}

function believed({ principal }: Found, nowMs: number): Principal {
  if (!principal) throw unknownKey();
  if (nowMs >= principal.expiresAtMs) throw expiredToken();
  return principal;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'identity.unavailable';
}

function unknownKey(): Error {
  return invalidToken('it is no run key of this gateway, or it has been revoked or has expired');
}
