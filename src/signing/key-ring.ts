// The keys that tokens are signed with: the operator's own, or generated ones that every replica shares and that rotate.
// INVARIANT: a key verifies only where its private half opens with our wrapping key: nobody adds one through the store.
import { SignJWT } from 'jose';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { currentOf, type Rotation, turned } from './schedule.ts';
import type { Sealer } from './sealer.ts';
import {
  makeSigningKey,
  type PublicJwk,
  readSigningKey,
  type SigningAlgorithm,
  type SigningKey,
  type VerifyingKey,
  verifyingKey,
} from './signing-key.ts';
import type { KeptKey, SigningKeyStore } from './store.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface KeyRing {
  /** A compact JWT of type `at+jwt` (RFC 9068) by the key in force. Rejects with `identity.unavailable` where there is none yet. */
  sign(claims: Claims): Promise<string>;
  /** Looks into the store again for a name that it does not know. Rejects with `identity.unavailable` where that fails. */
  find(kid: string, algorithm: string): Promise<VerifyingKey | undefined>;
  /** Every key that may still verify, and the next one (RFC 7517 §5). */
  published(): { readonly keys: readonly PublicJwk[] };
  /** Takes over what other replicas did, and rotates where it is time. Rejects where the store does not answer. */
  refresh(): Promise<void>;
}

/** The operator's own keys: the first signs, all verify. */
export function ownKeyRing(keys: readonly [SigningKey, ...SigningKey[]]): KeyRing {
  return {
    sign: (claims) => sign(keys[0], claims),
    find: (kid, algorithm) => Promise.resolve(pick(keys, kid, algorithm)),
    published: () => ({ keys: keys.map(({ jwk }) => jwk) }),
    refresh: () => Promise.resolve(),
  };
}

export interface SharedKeys {
  readonly store: SigningKeyStore;
  readonly sealer: Sealer;
  readonly algorithm: SigningAlgorithm;
  readonly rotation: Rotation;
  readonly clock: Clock;
  /** Told once of each kept key that does not open: it was sealed under another wrapping key. */
  readonly onForeign?: (kid: string) => void;
}

interface RingKey extends SigningKey {
  readonly fromMs: number;
  readonly kept: KeptKey;
}

/** An unknown name makes it look no more often than this. */
const COOLDOWN_MS = 2_000;
const TRIES = 8;

/** Generated keys, kept in a store. It has none before the first `refresh`. */
export function sharedKeyRing(source: SharedKeys): KeyRing {
  const { store, clock, rotation } = source;
  const open = opener(source);
  let keys: readonly RingKey[] = [];
  let nextLookMs = -Infinity;

  async function refresh(): Promise<void> {
    nextLookMs = clock.now() + COOLDOWN_MS;
    for (let tried = 0; tried < TRIES; tried += 1) {
      const kept = await store.read();
      const opened = await Promise.all(kept.map(open));
      const ours = opened.filter((key) => key !== undefined);
      const { kept: staying, missing } = turned(ours, clock.now(), rotation);
      const made = await Promise.all(missing.map((fromMs) => makeKey(fromMs, source)));
      // What others sealed under another key is theirs to drop.
      const theirs = kept.filter((_, index) => opened[index] === undefined);
      const next = [...staying, ...made];
      const isSame = made.length === 0 && staying.length === ours.length;
      if (isSame || (await store.replace(kept, [...theirs, ...next.map((key) => key.kept)]))) {
        keys = next;
        return;
      }
    }
    throw new Error('the signing keys changed in the store each time that they were to be rotated');
  }

  async function find(kid: string, algorithm: string): Promise<VerifyingKey | undefined> {
    const known = pick(keys, kid, algorithm);
    if (known || clock.now() < nextLookMs) return known;
    await refresh().catch((cause: unknown) => Promise.reject(unavailable(cause)));
    return pick(keys, kid, algorithm);
  }

  return {
    async sign(claims) {
      const key = currentOf(keys, clock.now());
      if (!key) throw unavailable(undefined);
      return sign(key, claims);
    },
    find,
    published: () => ({ keys: keys.map(({ jwk }) => jwk) }),
    refresh,
  };
}

function sign({ kid, algorithm, privateKey }: SigningKey, claims: Claims): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid }).sign(privateKey);
}

function pick(keys: readonly SigningKey[], kid: string, algorithm: string): VerifyingKey | undefined {
  const key = keys.find((one) => one.kid === kid && one.algorithm === algorithm);
  return key && verifyingKey(key);
}

async function makeKey(fromMs: number, { algorithm, sealer }: SharedKeys): Promise<RingKey> {
  const key = await makeSigningKey(algorithm);
  const jwk = key.privateKey.export({ format: 'jwk' });
  const sealed = await sealer.seal(JSON.stringify({ fromMs, jwk }));
  return { ...key, fromMs, kept: { kid: key.kid, fromMs, sealed } };
}

/** Opens kept keys, each once: what is inside has to agree with what stands outside. */
function opener({ sealer, onForeign }: SharedKeys): (kept: KeptKey) => Promise<RingKey | undefined> {
  let known = new Map<string, RingKey | undefined>();
  return async function open(kept) {
    const name = `${kept.kid} ${kept.fromMs} ${kept.sealed}`;
    if (known.has(name)) return known.get(name);
    const key = await unsealKey(kept, await sealer.open(kept.sealed));
    if (!key) onForeign?.(kept.kid);
    known = new Map([...known, [name, key] as const].slice(-OPENED_MAX));
    return key;
  };
}

const OPENED_MAX = 100;

async function unsealKey(kept: KeptKey, text: string | undefined): Promise<RingKey | undefined> {
  if (text === undefined) return undefined;
  const { fromMs, jwk } = JSON.parse(text) as { fromMs: unknown; jwk: unknown };
  const key = await readSigningKey(JSON.stringify(jwk));
  if (typeof key === 'string' || key.kid !== kept.kid || fromMs !== kept.fromMs) return undefined;
  return { ...key, fromMs, kept };
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    'identity.unavailable',
    'the signing keys of this gateway cannot be read from its store at the moment; try again shortly',
    { cause, retryAfterMs: 2_000 },
  );
}
