import type { PermittedCall } from '../core/call.ts';
import type { Blocked } from './lane.ts';
import type { Obstacle } from './obstacle.ts';
import type { Claim } from './store.ts';

/** Names the lane of the calls that a counter of the call's tenant keeps waiting. */
export function counterLane({ access }: Pick<PermittedCall, 'access'>, claim: Claim): string {
  return laneName(access.principal.tenant, claim);
}

// No tenant and no counter has a line break in its name.
export function laneName(tenant: string, { key }: Claim): string {
  return `${tenant}\n${key}`;
}

export function fullCounter({ claim, state }: Obstacle, way: Pick<Blocked, 'lane' | 'waitMs'>): Blocked {
  const isUniform = claim.unit === 'requests' || claim.unit === 'concurrency';
  // Of what is spent at once, running calls still hold what other candidates of theirs may spend.
  const mayEndSooner = claim.mode === 'hold' || state.held > 0;
  return { ...way, retryMs: state.retryMs, mayEndSooner, isUniform, state };
}
