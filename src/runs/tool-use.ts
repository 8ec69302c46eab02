// Tools between a model's answer, which asks for them, and the next request, which tells what became of them. In between some
// come by as calls of their own, and belong to the run whose model asked; the others are the client's, and seen only here.
import { sha256 } from '../core/digest.ts';
import type { RunId } from '../core/ids.ts';

/** How long a use is known after it was last heard of. */
export const USE_MS = 3_600_000;
/** Uses with the same arguments that one principal may have open. */
export const ALIKE_MAX = 8;

/** A tool that a model asked for in a run of a principal. */
export interface AskedUse {
  /** `id` of the principal. */
  readonly principal: string;
  /** Of the use, as the provider gave it; begins with `~` where that gave none. */
  readonly id: string;
  /** As the model wrote it: `mcp__github__get_issue`. */
  readonly name: string;
  /** SHA-256 in hex; empty where the arguments were too long to be kept. */
  readonly argsDigest: string;
  /** Of the run, from its root. */
  readonly path: readonly RunId[];
}

/** A call of a tool that came by. */
export interface CarriedOut {
  readonly principal: string;
  /** Of the use, where the client says it. */
  readonly id: string | undefined;
  /** As its server has it: `get_issue`. */
  readonly name: string;
  readonly argsDigest: string;
}

/** What a request tells of a use. */
export interface ToldUse {
  readonly principal: string;
  readonly id: string;
  /** Empty where the request does not say. */
  readonly name: string;
  readonly argsDigest: string;
  readonly resultDigest: string;
}

/** `gateway`: it came by as a call. `new`: it did not, and is told for the first time. `known`: told before. */
export type Fate = 'gateway' | 'new' | 'known';

export interface Told {
  readonly fate: Fate;
  /** As the answer that asked for it had it; empty where nobody knows. */
  readonly name: string;
}

/** One suite of tests (test/runs/tool-use-contract.ts) runs against every implementation. */
export interface UseStore {
  remember(tenant: string, uses: readonly AskedUse[]): Promise<void>;
  /**
   * The path of the run whose model asked for a call, which is from then on known to have come by; undefined where nobody
   * knows it. By its id; else by name and arguments, the longest open first.
   */
  join(tenant: string, call: CarriedOut): Promise<readonly RunId[] | undefined>;
  /** What became of uses, in their order; each is known to have been told from then on. */
  tell(tenant: string, uses: readonly ToldUse[]): Promise<readonly Told[]>;
}

/** Whether a model's name of a tool is a client's name for that of a server: `mcp__github__get_issue` for `get_issue`. */
export function namesTool(written: string, tool: string): boolean {
  if (written === tool) return true;
  return tool !== '' && written.endsWith(tool) && /[^A-Za-z0-9]/.test(written.charAt(written.length - tool.length - 1));
}

/** The same store, whose answers are there at once. */
export interface MemoryUses {
  remember(tenant: string, uses: readonly AskedUse[]): void;
  /** Notes that a call with an id came by; what asked for it, where that is known. */
  joinById(tenant: string, call: CarriedOut & { readonly id: string }): Joined | undefined;
  /** The longest open use of that name and arguments; else the last one that fits, whose call is repeated. */
  joinByArgs(tenant: string, call: CarriedOut): Joined | undefined;
  tell(tenant: string, use: ToldUse): Told;
  /** What is known of a use, changing nothing. */
  known(tenant: string, use: ToldUse): Told | undefined;
}

/** The use that a call carries out. */
export interface Joined {
  readonly id: string;
  readonly path: readonly RunId[];
  /** False where it came by before. */
  readonly wasOpen: boolean;
}

/** Tells one telling of a use from another: ids are not unique with every provider. */
export function tellingOf({ argsDigest, resultDigest }: ToldUse): string {
  return sha256(`${argsDigest} ${resultDigest}`).slice(0, 16);
}
