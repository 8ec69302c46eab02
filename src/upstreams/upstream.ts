import { Pool } from 'undici';
import { Circuit, type CircuitSource } from './circuit.ts';
import { RetryBudget } from './retry-budget.ts';
import type { RetryConfig } from './retry.ts';

/** How long to wait for what, in milliseconds. */
export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
}

/** A destination, ready: where it is, what it is shown, and its connections. */
export interface Upstream {
  readonly name: string;
  /** Path of the address as it is configured: where a protocol with one endpoint sends to. */
  readonly endpoint: string;
  /** The same without a slash at its end: what a protocol's own paths are put behind. */
  readonly basePath: string;
  readonly host: string;
  /** The upstream's own credential as header fields; empty where it needs none. */
  readonly credential: Readonly<Record<string, string>>;
  /** The bare secret, which no answer may carry. */
  readonly secret: string | undefined;
  readonly secretBytes: Buffer | undefined;
  readonly timeouts: Timeouts;
  readonly pool: Pool;
  readonly retry: RetryConfig;
  readonly budget: RetryBudget;
  readonly circuit: Circuit;
}

export interface UpstreamSource {
  readonly name: string;
  readonly url: string;
  readonly credential: { readonly header: string; readonly scheme: string; readonly value: string } | undefined;
  readonly timeouts: Timeouts;
  readonly connections: number;
  readonly retry: RetryConfig;
  readonly circuit: CircuitSource;
}

/** Shorter values are placeholders, like `none` or `ollama`: masking them would spoil answers that say the word. */
const SECRET_BYTES_MIN = 16;

/** Opens the pool of an upstream. Connections are made when calls need them. */
export function openUpstream(source: UpstreamSource): Upstream {
  const { origin, host, pathname } = new URL(source.url);
  const { credential, timeouts } = source;
  const secret = credential && credential.value.length >= SECRET_BYTES_MIN ? credential.value : undefined;
  return {
    name: source.name,
    endpoint: pathname,
    basePath: pathname.replace(/\/+$/, ''),
    host,
    credential: credential ? { [credential.header]: `${credential.scheme} ${credential.value}`.trimStart() } : {},
    secret,
    secretBytes: secret === undefined ? undefined : Buffer.from(secret),
    timeouts,
    pool: new Pool(origin, {
      connections: source.connections,
      // One request in flight per connection: an answer can never be taken for another call's.
      pipelining: 1,
      allowH2: false,
      // Said, so that `NODE_TLS_REJECT_UNAUTHORIZED=0` in the environment changes nothing.
      connect: { timeout: timeouts.connectMs, rejectUnauthorized: true },
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
    }),
    retry: source.retry,
    budget: new RetryBudget(source.retry.share),
    circuit: new Circuit(source.circuit),
  };
}
