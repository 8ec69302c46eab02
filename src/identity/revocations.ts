import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { GrantStore } from './grant-store.ts';
import { storeGone } from './refusals.ts';
import { STALE_MS } from './run-keys.ts';

/** How often `poll` is to be called, so that every replica knows of a revocation within 5 s. */
export const POLL_MS = 2_000;

export interface Revocations {
  /** Throws `identity.invalid` for a revoked id, and `identity.unavailable` where nobody knows any more. */
  assertLive(tokenId: string): void;
  /** Asks the store what is revoked. Never rejects: while it does not answer, what is known serves for a minute. */
  poll(): Promise<void>;
}

/** The revoked tokens and run keys, as last heard from the store. */
export function revocations(store: Pick<GrantStore, 'denied'>, clock: Clock): Revocations {
  let denied: ReadonlySet<string> = new Set();
  let heardAtMs = -Infinity;
  let failure: unknown;
  return {
    assertLive(tokenId) {
      if (denied.has(tokenId))
        throw new GatewayError('identity.invalid', 'the token was not accepted: it has been revoked');
      if (clock.now() >= heardAtMs + STALE_MS) throw storeGone(failure);
    },
    async poll() {
      const askedAtMs = clock.now();
      try {
        denied = new Set(await store.denied());
        heardAtMs = askedAtMs;
        failure = undefined;
      } catch (error) {
        failure = error;
      }
    },
  };
}
