// Part of the composition root: what the gateway needs to make tokens of its own and to know them again, opened once.
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { prover, PROOF_WINDOW_MS } from '../identity/dpop.ts';
import type { ExchangeTerms } from '../identity/exchange-deps.ts';
import type { GrantStore } from '../identity/grant-store.ts';
import { memoryGrants } from '../identity/memory-grants.ts';
import type { OwnCredentials } from '../identity/own-credentials.ts';
import { proofMemory } from '../identity/proof-memory.ts';
import { redisGrants, redisProofs } from '../identity/redis.ts';
import { POLL_MS, revocations } from '../identity/revocations.ts';
import { runKeyFinder } from '../identity/run-keys.ts';
import { Carvings } from '../limits/carvings.ts';
import { systemSchedule } from '../limits/schedule.ts';
import type { Ledger } from './ledger.ts';
import type { RunStore } from '../runs/store.ts';
import type { KeyRing } from '../signing/key-ring.ts';
import { openKeyRing } from '../signing/open.ts';
import { redisSigningKeys } from '../signing/redis.ts';
import { memorySigningKeys } from '../signing/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** What outlives a reload of delegation. */
export interface OpenDelegation {
  readonly terms: ExchangeTerms;
  readonly ring: KeyRing;
  readonly grants: GrantStore;
  readonly own: OwnCredentials;
  readonly carvings: Carvings;
  readonly runStore: RunStore;
  close(): Promise<void>;
}

const clock = systemClock;
/** How often replicas look at the signing keys; where that failed they look again with the next poll. */
const KEYS_MS = 60_000;

/** Undefined where it is not configured; a text says what is wrong with a key. */
export async function openDelegation(
  { delegation, secret }: Config,
  ledger: Ledger,
  telemetry: Telemetry,
): Promise<OpenDelegation | string | undefined> {
  if (!delegation) return undefined;
  const { log, redactor } = telemetry;
  const connection = ledger.client?.connection;
  const wrapKey = delegation.wrapKey === undefined ? undefined : secret(delegation.wrapKey);
  if (wrapKey !== undefined) redactor.learn([wrapKey]);
  const ring = await openKeyRing(
    delegation,
    { keys: (delegation.keys ?? []).map(secret), wrapKey },
    {
      store: connection ? redisSigningKeys(connection) : memorySigningKeys(),
      clock,
      onForeign: (kid) =>
        log.warn(
          'a signing key in the store was encrypted under another `delegation.wrapKey`; its tokens are refused',
          {
            kid,
          },
        ),
    },
  );
  if (typeof ring === 'string') return ring;
  const { issuer } = delegation;
  const terms = { ...delegation, audience: delegation.audience ?? issuer };
  const grants = connection ? redisGrants(connection, clock) : memoryGrants(clock);
  const isFirst = connection ? redisProofs(connection) : proofMemory(clock, { windowMs: PROOF_WINDOW_MS });
  const revoked = revocations(grants, clock);
  const refresh = refresher(ring, telemetry);
  await Promise.all([refresh(), revoked.poll()]);
  const stop = systemSchedule.every(POLL_MS, () => void Promise.all([refresh(), revoked.poll()]));
  const carvings = new Carvings({ store: ledger.store, clock, schedule: systemSchedule });
  return {
    terms,
    ring,
    grants,
    own: {
      terms,
      keys: ring,
      findRunKey: runKeyFinder(grants, clock),
      revocations: revoked,
      prove: prover({ issuer, clock, isFirst }),
    },
    carvings,
    runStore: ledger.runs,
    close() {
      stop();
      return carvings.close();
    },
  };
}

/** Looks at the signing keys where it is time. Never rejects: without keys no token is made or taken, and that is said. */
function refresher(ring: KeyRing, { log, metrics }: Telemetry): () => Promise<void> {
  let isFailing = false;
  let dueMs = -Infinity;
  return async function refresh() {
    if (clock.now() < dueMs) return;
    dueMs = clock.now() + KEYS_MS;
    try {
      await ring.refresh();
      isFailing = false;
    } catch (cause) {
      dueMs = -Infinity;
      metrics.storeFailed('signing-keys');
      // The first of a row tells it.
      if (!isFailing) log.error('the signing keys cannot be read from the store; trying again', { cause });
      isFailing = true;
    }
  };
}
