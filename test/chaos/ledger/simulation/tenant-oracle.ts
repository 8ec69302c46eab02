// What the oracle knows of one tenant.
import type { CallId } from '../../../../src/core/ids.ts';
import type { AdmitRequest, AdmitResult, Claim } from '../../../../src/limits/store.ts';
import { CounterOracle } from './counter-oracle.ts';

/** `gone`: the call was released before it was admitted. */
export type Admission = AdmitResult | 'gone';

export interface Holding {
  readonly counter: CounterOracle;
  readonly amount: number;
}

export interface Held {
  readonly call: CallId;
  /** Per claim; undefined where it was spent at once. */
  readonly holdings: readonly (Holding | undefined)[];
  readonly told: AdmitResult;
  leaseEndMs: number;
}

export interface Ended {
  readonly told: Admission;
  readonly untilMs: number;
}

export interface Tenant {
  readonly counters: Map<string, CounterOracle>;
  /** The last claim on each counter. */
  readonly claims: Map<string, Claim>;
  readonly held: Map<CallId, Held>;
  readonly ended: Map<CallId, Ended>;
  /** Leases that are over and not yet charged: each admission charges the first few. */
  lapsed: Held[];
  bookings: number;
}

export function newTenant(): Tenant {
  return { counters: new Map(), claims: new Map(), held: new Map(), ended: new Map(), lapsed: [], bookings: 0 };
}

export function claimsOf({ chain }: AdmitRequest): readonly Claim[] {
  return chain.flatMap(({ claims }) => claims);
}

export function counterOf({ counters, claims }: Tenant, claim: Claim): CounterOracle {
  const { key, window } = claim;
  const name = `${key} ${window.kind === 'rolling' ? window.ms : window.kind}`;
  claims.set(name, claim);
  const known = counters.get(name);
  if (known) return known;
  const counter = new CounterOracle();
  counters.set(name, counter);
  return counter;
}

export function charge(
  { counter, amount }: Holding,
  used: number,
  when: { readonly atMs: number; readonly nowMs: number },
): void {
  counter.held -= amount;
  counter.book(used, when);
}

export function remember({ ended }: Tenant, call: CallId, what: Ended): void {
  ended.delete(call);
  ended.set(call, what);
}
