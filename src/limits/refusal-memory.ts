/**
 * Refusals that stand for a while, so that a client which repeats its request costs neither a decision nor the ledger.
 *
 * INVARIANT: permits are never remembered, and no refusal outlives its policies, its token or the time that it stands.
 * INVARIANT: a memory without refusals costs a call one comparison.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { formatResource } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Decision } from '../core/decision.ts';
import { type ErrorCode, GatewayError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { CallRecord } from '../core/record.ts';

/** A refusal that still stands. */
export interface Remembered {
  readonly error: GatewayError;
  readonly decision: Decision;
}

export interface RefusalMemory {
  /** What the same request was told before; undefined where it has to be asked anew. */
  recall(call: Call): Remembered | undefined;
  /** Keeps the refusal that a call ended in, where it stands. */
  remember(record: Pick<CallRecord, 'call' | 'decision' | 'error'>): void;
}

export interface RefusalMemorySource {
  readonly clock: Clock;
  /** Whether a decision depends on nothing but the request: no policy asks for the time. */
  readonly decisionsStand: boolean;
  /** Told of each refusal that was remembered. */
  readonly onRecall: (code: ErrorCode) => void;
}

interface Entry extends Remembered {
  readonly principal: Principal;
  readonly digest: string;
  readonly untilMs: number;
}

const REFUSALS_MAX = 4_096;
/** Policies and tokens end a denial sooner; the time is for whatever nobody thought of. */
const DENIED_MS = 60_000;
const EXCEEDED_MS = 5_000;

/** One memory per configuration in force. */
export function refusalMemory({ clock, decisionsStand, onRecall }: RefusalMemorySource): RefusalMemory {
  const entries = new LRUCache<string, Entry>({ max: REFUSALS_MAX });

  function standsMs({ code, standsMs: ms = 0 }: GatewayError): number {
    if (code !== 'policy.denied') return Math.min(ms, EXCEEDED_MS);
    return decisionsStand ? DENIED_MS : 0;
  }

  return {
    recall(call) {
      if (entries.size === 0) return undefined;
      const key = keyOf(call);
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (clock.now() >= entry.untilMs || entry.principal !== call.access.principal) {
        entries.delete(key);
        return undefined;
      }
      if (digestOf(call) !== entry.digest) return undefined;
      onRecall(entry.error.code);
      return entry;
    },
    remember({ call, decision, error }) {
      if (!call || !decision || !error || error.isRemembered) return;
      const ms = standsMs(error);
      if (ms <= 0) return;
      entries.set(keyOf(call), {
        principal: call.access.principal,
        digest: digestOf(call),
        untilMs: clock.now() + ms,
        error: again(error),
        decision,
      });
    },
  };
}

function again({ code, message, rule, retryAfterMs }: GatewayError): GatewayError {
  return new GatewayError(code, message, {
    isRemembered: true,
    ...(rule !== undefined && { rule }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Everything that a decision reads but the content, which is only read where all the rest is alike. */
function keyOf({ access, route, method, target, body, rpc }: Call): string {
  const { principal, run, action, resource } = access;
  const size = rpc ? '' : body.length;
  const token = principal.delegation?.tokenId ?? '';
  const last = access.isFinal === true ? ' final' : '';
  return `${principal.id} ${token}
${run.id} ${run.parent ?? ''} ${run.depth}${last}
${action} ${formatResource(resource)}
${route.name} ${method} ${target}
${size}`;
}

// A message of JSON-RPC has another id every time; its arguments say what it asks for.
function digestOf({ access, body, rpc }: Call): string {
  return hash('sha256', rpc ? JSON.stringify(access.args) : body, 'base64url');
}
