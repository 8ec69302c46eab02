// Makers of what ledger tests send, and a clock that they own.
import type { Clock } from '../../src/core/clock.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, StoreWindow } from '../../src/limits/store.ts';

/** Monday, 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface TestClock extends Clock {
  set(ms: number): void;
  advance(ms: number): void;
}

export function testClock(start = NOON): TestClock {
  let now = start;
  return {
    now: () => now,
    set: (ms) => void (now = ms),
    advance: (ms) => void (now += ms),
  };
}

let calls = 0;
export function callId(): CallId {
  calls += 1;
  return `call_${calls}` as CallId;
}

export function freshTenant(): string {
  return `tenant-${crypto.randomUUID()}`;
}

export const MINUTELY: StoreWindow = { kind: 'rolling', ms: MINUTE };
export const NONE: StoreWindow = { kind: 'none' };

/** The UTC day that a moment lies in. */
export function dayOf(ms: number): Extract<StoreWindow, { kind: 'calendar' }> {
  const startMs = Math.floor(ms / DAY) * DAY;
  return { kind: 'calendar', startMs, endMs: startMs + DAY };
}

/** A claim of 10 of 100, held, in a rolling minute. */
export function claim(parts: Partial<Claim> = {}): Claim {
  return {
    key: 'policy/limit',
    unit: 'tokens',
    ask: 10,
    limit: 100,
    window: MINUTELY,
    enforced: true,
    mode: 'hold',
    ...parts,
  };
}

export function concurrency(limit: number): Claim {
  return claim({ key: 'policy/at-once', unit: 'concurrency', ask: 1, limit, window: NONE });
}

export function asks(tenant: string, claims: readonly Claim[], parts: Partial<AdmitRequest> = {}): AdmitRequest {
  return { tenant, call: callId(), chain: [{ scope: 'call', claims }], leaseMs: MINUTE, ...parts };
}

/** The states of an answer that has any. */
export function statesOf(result: AdmitResult): readonly ClaimState[] {
  if (!('states' in result)) throw new Error(`the admission was \`${result.kind}\``);
  return result.states;
}
