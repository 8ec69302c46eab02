// Names of the ledger's keys in Redis; docs/redis-keys.md says what each holds.
import type { CallId } from '../core/ids.ts';
import { escaped, escapedPath, type RunKeys, runKeys, tenantPrefix, unescaped } from '../core/store-keys.ts';
import { counterName } from './counter.ts';
import type { Claim } from './store.ts';

/** The markers of all tenants, as a pattern for SCAN. */
export const GENERATIONS = 'wg:{*}:generation';

/** The tenant of a marker. */
export function tenantOf(marker: string): string {
  const name = marker.slice('wg:{'.length, marker.indexOf('}'));
  return name === '%' ? '' : unescaped(name);
}

/** The keys of one tenant. */
export interface TenantKeys extends RunKeys {
  /** What all of them begin with. */
  readonly prefix: string;
  readonly generation: string;
  readonly leases: string;
  readonly reservation: (call: CallId) => string;
  readonly counter: (claim: Claim) => string;
}

export function tenantKeys(tenant: string): TenantKeys {
  const prefix = tenantPrefix(tenant);
  return {
    ...runKeys(tenant),
    prefix,
    generation: `${prefix}generation`,
    leases: `${prefix}leases`,
    reservation: (call) => `${prefix}call:${escaped(call)}`,
    counter: (claim) => `${prefix}counter:${escapedPath(counterName(claim))}`,
  };
}
