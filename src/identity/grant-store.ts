// What the gateway keeps of tokens and run keys that it made: one suite of tests runs against every implementation.
import type { Claims } from './claims.ts';

/** Rejects where the store does not answer. Times are milliseconds since the epoch. */
export interface GrantStore {
  /** Keeps what a run key stands for, under the SHA-256 of the key. */
  put(place: GrantPlace, grant: { readonly claims: Claims; readonly untilMs: number }): Promise<void>;
  /** undefined for a key that nobody made, that was dropped, or whose time is over. */
  get(place: GrantPlace): Promise<Claims | undefined>;
  drop(place: GrantPlace): Promise<void>;
  /** Refuses a token or run key by its id until then, on every replica. */
  deny(tokenId: string, untilMs: number): Promise<void>;
  /** The ids that are refused now. */
  denied(): Promise<readonly string[]>;
}

export interface GrantPlace {
  readonly tenant: string;
  /** SHA-256 of the run key, in hex. */
  readonly hash: string;
}
