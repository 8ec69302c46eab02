import { GatewayError } from '../core/errors.ts';
import type { PermittedCall } from '../core/call.ts';

/** Refuses a call whose run lies too deep, or whose tree goes on for too long. Throws `limit.tree`. */
export function checkBounds({ access, decision }: PermittedCall, nowMs: number): void {
  const { depth, root, tree } = access.run;
  for (const { id, enforced, depth: deepest, durationMs } of decision.bounds) {
    if (!enforced) continue;
    if (deepest !== undefined && depth > deepest) {
      throw tooFar(
        id,
        `this run is ${depth} below its root, and ${deepest} is the deepest that may be; do its work in the run above`,
      );
    }
    const ageMs = tree.bornMs === undefined ? 0 : nowMs - tree.bornMs;
    if (durationMs !== undefined && ageMs >= durationMs) {
      throw tooFar(
        id,
        `the run \`${root}\` began ${hours(ageMs)} ago, and ${hours(durationMs)} is the longest that it may go on; begin a new one`,
      );
    }
  }
}

function tooFar(rule: string, what: string): GatewayError {
  return new GatewayError('limit.tree', `limit \`${rule}\` is reached: ${what}`, { rule });
}

const HOUR_MS = 3_600_000;

function hours(ms: number): string {
  if (ms < HOUR_MS) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * HOUR_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.round(ms / HOUR_MS / 24)} days`;
}
