// Whether waiting helps: against a rate that lets go in time, and against what others hold; never against what is spent.
import type { QuotaClaim } from './quota-claims.ts';
import type { ClaimState } from './store.ts';

/** What an admission was refused for. */
export interface Obstacle extends QuotaClaim {
  readonly state: ClaimState;
  readonly waits: boolean;
}

export interface Refusing {
  /** Where the counter of each claim stands. */
  readonly states: readonly ClaimState[];
  /** The first claim that does not fit. */
  readonly index: number;
  /** How much of its wait the call has left, by the quota in its way. */
  readonly leftMs: (claim: QuotaClaim) => number;
}

/** The first claim in the way that no wait helps; else the first one in the way. */
export function obstacleOf(claims: readonly QuotaClaim[], { states, index, leftMs }: Refusing): Obstacle {
  let first: Obstacle | undefined;
  for (let place = index; place < claims.length; place += 1) {
    const one = claims[place] as QuotaClaim;
    const state = states[place] as ClaimState;
    if (place > index && fits(one, state)) continue;
    const waits = mayWait(one, { state, leftMs: leftMs(one) });
    if (!waits) return { ...one, state, waits };
    first ??= { ...one, state, waits };
  }
  return first as Obstacle;
}

function fits({ claim }: QuotaClaim, { settled, held }: ClaimState): boolean {
  return !claim.enforced || settled + held + claim.ask <= claim.limit;
}

function mayWait(
  { quota, claim }: QuotaClaim,
  { state, leftMs }: { readonly state: ClaimState; readonly leftMs: number },
): boolean {
  if (leftMs <= 0 || claim.ask > claim.limit) return false;
  if (state.settled + claim.ask <= claim.limit) return true;
  return quota.kind === 'rate' && state.retryMs <= leftMs;
}
