// The pace of upstreams, as they say it themselves: while one takes nothing more of a model, calls of it wait.
import { LRUCache } from 'lru-cache';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Blocked } from './lane.ts';

interface Gate {
  closedUntilMs: number;
  /** Whether one call was let through to see what the upstream says now. */
  isTrying: boolean;
}

const GATES_MAX = 1_000;
/** How long others wait for the answer to the one that was let through. */
const TRY_MS = 1_000;
const RETRY_AFTER_MAX_MS = 20_000;

/** One gate per upstream and model, in this process. */
export class PaceGates {
  readonly #gates = new LRUCache<string, Gate>({ max: GATES_MAX });

  /** Gates that are not known to be open. */
  get size(): number {
    return this.#gates.size;
  }

  /** What an answer says: nothing more until a moment, or undefined. Gives the lane that may move now, if any. */
  hear(call: PermittedCall, closedUntilMs: number | undefined): string | undefined {
    if (closedUntilMs === undefined && this.#gates.size === 0) return undefined;
    const lane = gateLane(call);
    if (closedUntilMs !== undefined) {
      const gate = this.#gates.get(lane);
      const before = gate && !gate.isTrying ? gate.closedUntilMs : 0;
      this.#gates.set(lane, { closedUntilMs: Math.max(before, closedUntilMs), isTrying: false });
      return undefined;
    }
    // An answer to what was sent before the gate closed says nothing of now.
    if (!this.#gates.get(lane)?.isTrying) return undefined;
    this.#gates.delete(lane);
    return lane;
  }

  /** How long the gate stays closed for a call; 0 where it may pass. The first one past the time tries it for the others. */
  pass(call: PermittedCall, nowMs: number): number {
    const gate = this.#gates.get(gateLane(call));
    if (!gate) return 0;
    if (gate.closedUntilMs > nowMs) return gate.closedUntilMs - nowMs;
    gate.closedUntilMs = nowMs + TRY_MS;
    gate.isTrying = true;
    return 0;
  }
}

/** Names the gate, apart from all counters. */
export function gateLane({ access, model }: PermittedCall): string {
  return `\n${access.resource.upstream}/${model}`;
}

export function closedGate(call: PermittedCall, { retryMs, waitMs }: Pick<Blocked, 'retryMs' | 'waitMs'>): Blocked {
  return { lane: gateLane(call), retryMs, waitMs, mayEndSooner: false, isUniform: true, state: undefined };
}

export function paceRefusal({ access, model }: PermittedCall, retryMs: number): GatewayError {
  const seconds = Math.max(1, Math.ceil(retryMs / 1_000));
  return new GatewayError(
    'limit.rate',
    `the upstream \`${access.resource.upstream}\` says that it takes no more calls of \`${model}\` for now; try again in ${seconds} s`,
    { retryAfterMs: Math.min(seconds * 1_000, RETRY_AFTER_MAX_MS) },
  );
}
