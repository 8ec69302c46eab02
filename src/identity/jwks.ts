// Where an issuer's public keys come from.
// INVARIANT: keys are fetched only from the address in the config, never from one that a token names.
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { pickKey, type PublicKey, readJwk } from './jwk.ts';

/** An issuer's keys. */
export interface KeySet {
  /** The key of that name for that algorithm; undefined where there is none. Throws `identity.unavailable`. */
  find(kid: string, algorithm: string): Promise<PublicKey | undefined>;
}

/** A published key set, as the client for side requests brings it. `maxAgeSeconds` is that of its Cache-Control. */
export interface JwksAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly maxAgeSeconds?: number | undefined;
}

export interface JwksSource {
  readonly clock: Clock;
  /** Rejects where the address cannot be reached. */
  readonly fetchJwks: (url: string) => Promise<JwksAnswer>;
  /** Told of a token verified by keys that are past their freshness, since they cannot be fetched. */
  readonly onStale?: () => void;
}

const KEYS_MAX = 100;
const FRESH_SECONDS = { min: 60, usual: 600, max: 3_600 };
/** How long keys serve past their freshness while their endpoint is down, where the config does not say. */
const STALE_MS = 3_600_000;
/** An unknown key name is looked up again no sooner than this after the last fetch. */
const COOLDOWN_MS = 30_000;
const RETRY_MS = 5_000;

/** Keys that stand in the config. */
export function fixedKeySet(jwks: readonly Readonly<Record<string, unknown>>[]): KeySet {
  const keys = usableKeys(jwks);
  return { find: (kid, algorithm) => Promise.resolve(pickKey(keys, kid, algorithm)) };
}

/** Key sets by address. Outlives a reload of the config, so that a reload during an outage does not forget good keys. */
export function remoteKeySets(source: JwksSource): (url: string, staleMs?: number) => KeySet {
  const sets = new Map<string, KeySet>();
  return (url, staleMs = STALE_MS) => {
    const name = `${staleMs} ${url}`;
    const set = sets.get(name) ?? new RemoteKeySet(url, staleMs, source);
    sets.set(name, set);
    return set;
  };
}

/** Keys by address: fetched when first needed, again behind the scenes once no longer fresh, and when a token names a new one. */
class RemoteKeySet implements KeySet {
  readonly #url: string;
  readonly #staleMs: number;
  readonly #source: JwksSource;
  #keys: readonly PublicKey[] = [];
  #freshUntilMs = -Infinity;
  #nextFetchMs = -Infinity;
  #fetching: Promise<void> | undefined;
  #failure: unknown;

  constructor(url: string, staleMs: number, source: JwksSource) {
    this.#url = url;
    this.#staleMs = staleMs;
    this.#source = source;
  }

  async find(kid: string, algorithm: string): Promise<PublicKey | undefined> {
    if (this.#now() >= this.#freshUntilMs) {
      const refreshed = this.#refresh();
      if (!this.#servable()) await refreshed;
      if (!this.#servable()) throw this.#unavailable();
      if (this.#failure !== undefined) this.#source.onStale?.();
    }
    const key = pickKey(this.#keys, kid, algorithm);
    if (key) return key;
    await this.#refresh();
    return pickKey(this.#keys, kid, algorithm);
  }

  #now(): number {
    return this.#source.clock.now();
  }

  #servable(): boolean {
    return this.#now() < this.#freshUntilMs + this.#staleMs;
  }

  /** Joins a fetch that is under way; begins one only where the last lies long enough back. Never rejects. */
  async #refresh(): Promise<void> {
    if (!this.#fetching && this.#now() >= this.#nextFetchMs) this.#fetching = this.#fetch();
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    try {
      const answer = await this.#source.fetchJwks(this.#url);
      this.#keys = readKeySet(answer);
      this.#failure = undefined;
      this.#freshUntilMs = this.#now() + freshSeconds(answer) * 1_000;
      this.#nextFetchMs = this.#now() + COOLDOWN_MS;
    } catch (error) {
      this.#failure = error;
      this.#nextFetchMs = this.#now() + RETRY_MS;
    }
    this.#fetching = undefined;
  }

  #unavailable(): GatewayError {
    return new GatewayError(
      'identity.unavailable',
      'the keys of the token’s issuer cannot be fetched at the moment; try again shortly',
      {
        cause: this.#failure,
        retryAfterMs: Math.max(0, this.#nextFetchMs - this.#now()),
      },
    );
  }
}

function freshSeconds({ maxAgeSeconds = FRESH_SECONDS.usual }: JwksAnswer): number {
  return Math.min(Math.max(maxAgeSeconds, FRESH_SECONDS.min), FRESH_SECONDS.max);
}

/** RFC 7517 §5: keys that are not understood are passed over; a set without a usable key is not taken. */
function readKeySet({ status, body }: JwksAnswer): readonly PublicKey[] {
  if (status !== 200) throw new Error(`the key set was answered with status ${status}`);
  const document: unknown = JSON.parse(body.toString('utf8'));
  const listed = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined;
  if (!Array.isArray(listed) || listed.length > KEYS_MAX)
    throw new Error(`the key set is no list of at most ${KEYS_MAX} keys`);
  const keys = usableKeys(listed);
  if (keys.length === 0) throw new Error('the key set holds no usable key');
  return keys;
}

function usableKeys(jwks: readonly unknown[]): readonly PublicKey[] {
  return jwks.flatMap((jwk) => {
    const read = typeof jwk === 'object' && jwk !== null ? readJwk(jwk as Record<string, unknown>) : '';
    return typeof read === 'string' ? [] : [read];
  });
}
