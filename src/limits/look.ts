import type { AccessRequest } from '../core/access.ts';
import { newCallId } from '../core/ids.ts';
import type { MicroUsd } from '../core/money.ts';
import type { Quota, Standing } from '../core/quota.ts';
import { claimsOf } from './quota-claims.ts';
import { standingOf } from './reservation.ts';
import type { ClaimState, LedgerStore } from './store.ts';

export interface Looking {
  readonly access: Pick<AccessRequest, 'principal' | 'run'>;
  readonly quotas: readonly Quota[];
  readonly nowMs: number;
}

const NOTHING = { tokens: 0, money: 0 as MicroUsd };
/** A model call that has no model: of what counts apart by upstream, model or tool, nothing is known. */
const SOMETHING = { action: 'model.generate', resource: { kind: 'model', upstream: '', name: '' } } as const;
const APART = new Set(['upstream', 'model', 'tool']);
const LEASE_MS = 1_000;

/** Where the limits of a caller stand, asked without changing anything. Rejects with `limit.unavailable`. */
export async function lookAt(store: LedgerStore, { access, quotas, nowMs }: Looking): Promise<readonly Standing[]> {
  const decision = {
    quotas: quotas.filter(({ per, unit }) => unit !== 'runs' && !per.some((scope) => APART.has(scope))),
  };
  const claims = claimsOf({ access: { ...access, ...SOMETHING }, decision }, { quote: NOTHING, nowMs });
  if (claims.length === 0) return [];
  const asked = claims.map(({ claim }) => ({ ...claim, ask: 0, enforced: false, mode: 'spend' as const }));
  const { tenant } = access.principal;
  const chain = [{ scope: 'look', claims: asked }];
  const result = await store.admit({ tenant, call: newCallId(), chain, leaseMs: LEASE_MS });
  if (result.kind !== 'admitted') return [];
  return claims.map(({ quota }, index) => standingOf(quota, result.states[index] as ClaimState));
}
