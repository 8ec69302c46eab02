import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';

export interface SeenProof {
  /** Thumbprint of the key that made it. */
  readonly proofKey: string;
  /** SHA-256 of its `jti`. */
  readonly digest: string;
  /** How long it could be shown again, in milliseconds. */
  readonly forMs: number;
}

/** Whether a proof is shown for the first time. */
export type FirstSeen = (proof: SeenProof) => boolean | Promise<boolean>;

const PROOFS_MAX = 250_000;

/** Of one process. Two generations, so that nothing is forgotten while it could be shown again; full, it takes no more. */
export function proofMemory(
  clock: Clock,
  { windowMs, max = PROOFS_MAX }: { windowMs: number; max?: number },
): FirstSeen {
  let recent = new Set<string>();
  let older = new Set<string>();
  let turnsAtMs = clock.now() + windowMs;
  return function isFirst({ proofKey, digest }) {
    const nowMs = clock.now();
    if (nowMs >= turnsAtMs) {
      older = nowMs >= turnsAtMs + windowMs ? new Set() : recent;
      recent = new Set();
      turnsAtMs = nowMs + windowMs;
    }
    const name = `${proofKey} ${digest}`;
    if (recent.has(name) || older.has(name)) return false;
    if (recent.size >= max) throw full();
    recent.add(name);
    return true;
  };
}

function full(): GatewayError {
  return new GatewayError(
    'identity.unavailable',
    'this gateway has more proofs of possession to remember than it has room for; try again shortly',
    { retryAfterMs: 1_000 },
  );
}
