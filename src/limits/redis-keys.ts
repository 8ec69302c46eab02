// Names of the Redis keys; docs/redis-keys.md says what each holds. All keys of a tenant have its hash tag.
import type { CallId } from '../core/ids.ts';
import { counterName } from './counter.ts';
import type { Claim } from './store.ts';

/** What no encoding changes: most texts, and a test costs less. */
const PLAIN = /^[\w.~!*'()-]*$/;
const PLAIN_NAME = /^[\w.~!*'()/-]*$/;
const PLAIN_PATH = /^[\w.~!*'();/?:@&=+$,#-]*$/;

/** No blanks, braces or control characters; distinct texts stay distinct. */
export function escaped(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text.toWellFormed());
}

/** The same, but for the slash, which is kept. */
export function escapedName(text: string): string {
  return PLAIN_NAME.test(text) ? text : encodeURIComponent(text.toWellFormed()).replaceAll('%2F', '/');
}

function escapedPath(text: string): string {
  return PLAIN_PATH.test(text) ? text : encodeURI(text.toWellFormed());
}

/** The markers of all tenants, as a pattern for SCAN. */
export const GENERATIONS = 'wg:{*}:generation';

/** The keys of one tenant. */
export interface TenantKeys {
  readonly generation: string;
  readonly leases: string;
  /** What `reservation` puts before the name of a call. */
  readonly reservations: string;
  readonly reservation: (call: CallId) => string;
  readonly counter: (claim: Claim) => string;
}

/** Keys are `wg:{tenant}:…`; an empty tenant is `%`, since Redis takes an empty tag for none. */
export function tenantKeys(tenant: string): TenantKeys {
  const prefix = `wg:{${escaped(tenant) || '%'}}:`;
  return {
    generation: `${prefix}generation`,
    leases: `${prefix}leases`,
    reservations: `${prefix}call:`,
    reservation: (call) => `${prefix}call:${escaped(call)}`,
    counter: (claim) => `${prefix}counter:${escapedPath(counterName(claim))}`,
  };
}
