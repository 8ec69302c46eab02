import type { Action } from './access.ts';
import type { RunId } from './ids.ts';
import type { Principal } from './principal.ts';

/** A rule about one argument that every right with it holds its calls to. A key that nobody here knows is a refusal. */
export type ArgumentConstraint =
  | { readonly one_of: readonly (string | number | boolean)[] }
  | { readonly prefix: string }
  | { readonly max: number }
  | { readonly min: number };

/** One of the rights that a token made by Waygate carries; a call stands within a token that has one right for it. */
export interface Right {
  readonly actions: readonly Action[];
  /** `kind/upstream/name`; a `*` at the end stands for any rest. Nothing else is a pattern here, so that subsets are decidable. */
  readonly resources: readonly string[];
  /** By path of the argument (`owner`, `repo.name`): all must hold, and the argument must be there. */
  readonly args: Readonly<Record<string, readonly ArgumentConstraint[]>>;
}

/** What a token made by Waygate says of its bearer, beyond who it is. */
export interface Delegation {
  /** From the root down to the bearer's run. */
  readonly path: readonly RunId[];
  readonly name: string;
  /** undefined for all that the policies allow. */
  readonly rights: readonly Right[] | undefined;
  /** Deepest depth that may still be spawned from here. */
  readonly maxDepth: number;
  /** Allotments that bind it, by the run that each was carved for: its own or the nearest above, in micro-USD. */
  readonly budget: { readonly run: RunId; readonly amount: number } | undefined;
  /** Id of the token or key, for its revocation. */
  readonly tokenId: string;
  /** Thumbprint (RFC 7638) of the key that its bearer has to prove with every call (RFC 9449); any bearer without it. */
  readonly proofKey?: string;
  /**
   * Those of other agents that it acts below, from the root down, as principals: policies that go by agents have to allow
   * a call to each of them too, or a child could do what its parent may not.
   */
  readonly above?: readonly Principal[];
}
