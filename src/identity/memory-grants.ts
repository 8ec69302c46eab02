import type { Clock } from '../core/clock.ts';
import type { Claims } from './claims.ts';
import type { GrantPlace, GrantStore } from './grant-store.ts';

interface Kept {
  readonly claims: Claims;
  readonly untilMs: number;
}

/** For one process: run keys end with it. */
export function memoryGrants(clock: Clock): GrantStore {
  const grants = new Map<string, Kept>();
  const denied = new Map<string, number>();
  const nameOf = ({ tenant, hash }: GrantPlace): string => `${hash} ${tenant}`;
  return {
    put(place, grant) {
      for (const [name, { untilMs }] of grants) if (untilMs <= clock.now()) grants.delete(name);
      grants.set(nameOf(place), grant);
      return Promise.resolve();
    },
    get(place) {
      const grant = grants.get(nameOf(place));
      return Promise.resolve(grant && clock.now() < grant.untilMs ? grant.claims : undefined);
    },
    drop: (place) => Promise.resolve(void grants.delete(nameOf(place))),
    deny(tokenId, untilMs) {
      denied.set(tokenId, Math.max(untilMs, denied.get(tokenId) ?? 0));
      return Promise.resolve();
    },
    denied() {
      for (const [tokenId, untilMs] of denied) if (untilMs <= clock.now()) denied.delete(tokenId);
      return Promise.resolve([...denied.keys()]);
    },
  };
}
