import type { Clock } from '../core/clock.ts';
import { type KeyRing, ownKeyRing, sharedKeyRing } from './key-ring.ts';
import type { DelegationConfig } from './schema.ts';
import { jweSealer, readWrapKey, unsealed } from './sealer.ts';
import { readSigningKey, type SigningKey } from './signing-key.ts';
import type { SigningKeyStore } from './store.ts';

/** What the references in the configuration lead to, as it stands there. */
export interface SigningSecrets {
  readonly keys: readonly string[];
  readonly wrapKey: string | undefined;
}

export interface SigningParts {
  readonly store: SigningKeyStore;
  readonly clock: Clock;
  readonly onForeign?: (kid: string) => void;
}

const DAY_MS = 86_400_000;
/** Tokens are taken some seconds past their end, and replicas look at the store once a minute. */
const SLACK_MS = 120_000;

/** The keys that a configuration speaks of, or what is wrong with one. Generated ones are there once refreshed. */
export async function openKeyRing(
  { algorithm, rotateDays, maxSeconds }: DelegationConfig,
  { keys, wrapKey }: SigningSecrets,
  { store, clock, onForeign }: SigningParts,
): Promise<KeyRing | string> {
  const read = await Promise.all(keys.map(readSigningKey));
  for (const [index, key] of read.entries()) if (typeof key === 'string') return `\`delegation.keys.${index}\`: ${key}`;
  const [first, ...others] = read as SigningKey[];
  if (first) return ownKeyRing([first, ...others]);
  const wrapping = wrapKey === undefined ? undefined : readWrapKey(wrapKey);
  if (typeof wrapping === 'string') return `\`delegation.wrapKey\`: ${wrapping}`;
  return sharedKeyRing({
    store,
    sealer: wrapping ? jweSealer(wrapping) : unsealed,
    algorithm,
    rotation: { rotateMs: rotateDays * DAY_MS, keepMs: maxSeconds * 1_000 + SLACK_MS },
    clock,
    ...(onForeign && { onForeign }),
  });
}
