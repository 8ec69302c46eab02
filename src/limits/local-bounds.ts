import type { PermittedCall } from '../core/call.ts';
import type { MicroUsd } from '../core/money.ts';
import type { FailureConfig } from './schema.ts';

/** So many calls in a rolling window. */
export interface LocalRate {
  readonly amount: number;
  readonly ms: number;
}

/** What one process may let through by itself while the store does not answer. */
export interface LocalBounds {
  /** The route or upstream that says so. Calls of the same name share their bounds. */
  readonly name: string;
  /** Of one principal. */
  readonly rate: LocalRate;
  /** Of all principals together. */
  readonly total: LocalRate;
  /** What the calls of one tenant may cost that the ledger does not know of yet. */
  readonly budget: MicroUsd;
  /** From the first call of a tenant that the store does not answer. */
  readonly forMs: number;
}

/** The bounds that a call falls under; undefined where its route is closed. */
export type LocalBoundsOf = (call: PermittedCall) => LocalBounds | undefined;

interface Failing {
  readonly failure: FailureConfig;
}

export interface LocalBoundsSource {
  /** `routes` and `upstreams` of the config. */
  readonly routes: Readonly<Record<string, Failing>>;
  readonly upstreams: Readonly<Record<string, Failing>>;
}

/** The bounds of a config, and the longest time that any of them goes on for; 0 where there are none. */
export function localBounds({ routes, upstreams }: LocalBoundsSource): {
  readonly boundsOf: LocalBoundsOf;
  readonly forMs: number;
} {
  const bounds = new Map<string, LocalBounds>();
  for (const [name, { failure }] of [...Object.entries(routes), ...Object.entries(upstreams)]) {
    if (failure.store === 'closed') continue;
    const { rate, total, budget, for: forMs } = failure;
    bounds.set(name, { name, rate, total, budget, forMs });
  }
  return {
    // Of a route in `routes` its own word counts alone; of the others that of the upstream that a call goes to.
    boundsOf: ({ route, access }) =>
      bounds.get(Object.hasOwn(routes, route.name) ? route.name : access.resource.upstream),
    forMs: Math.max(0, ...[...bounds.values()].map(({ forMs }) => forMs)),
  };
}

/** A call with those of its candidates that share the bounds of the first that has any; undefined where none has. */
export function localCall(
  call: PermittedCall,
  boundsOf: LocalBoundsOf,
): { readonly call: PermittedCall; readonly bounds: LocalBounds } | undefined {
  const open = [call, ...call.fallbacks].flatMap((candidate) => {
    const bounds = boundsOf(candidate);
    return bounds ? [{ candidate, bounds }] : [];
  });
  const bounds = open[0]?.bounds;
  if (!bounds) return undefined;
  const [first, ...fallbacks] = open
    .filter((one) => one.bounds === bounds)
    .map(({ candidate }) => ({ ...candidate, localMode: bounds.name }));
  return { call: { ...(first as PermittedCall), fallbacks }, bounds };
}
