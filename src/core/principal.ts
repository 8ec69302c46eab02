import type { Delegation } from './rights.ts';

/** One link of the actor chain (RFC 8693 §4.1 `act`), outermost first. */
export interface Actor {
  readonly subject: string;
  readonly issuer?: string;
}

/** The authenticated caller. Made only by `identity`, shared by all requests that show the same credential. */
export interface Principal {
  /** `tenant/subject/agent`, each percent-encoded: what per-principal state is keyed by. */
  readonly id: string;
  readonly subject: string;
  readonly tenant: string;
  /** The agent as the token or key names it; never from a hint. Empty where the credential names none. */
  readonly agent: string;
  readonly actors: readonly Actor[];
  readonly credential: 'jwt' | 'key';
  /** `iss` of the token, or `keys` for an API key. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch; Infinity for a key that does not expire. */
  readonly expiresAtMs: number;
  /** Where its own token says that it stands: names from the root down. */
  readonly place?: readonly string[];
  /** Of a token or run key that Waygate made: its run, and the rights that it is narrowed to. */
  readonly delegation?: Delegation;
}

/** The agent that the gateway itself is where it takes a run back: no token and no key may carry the name. */
export const ROLLBACK_AGENT = 'waygate-rollback';

/** The `id` of a principal. */
export function principalId(tenant: string, subject: string, agent: string): string {
  return [tenant, subject, agent].map(encodeURIComponent).join('/');
}
