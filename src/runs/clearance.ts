import { type Call, inRun } from '../core/call.ts';
import type { Incoming } from '../core/exchange.ts';
import type { Registry } from './registry.ts';
import { stopped } from './standing.ts';

export interface ClearanceSource {
  readonly registry: Registry;
  readonly now: () => number;
  /** How long a call waits for a paused run to go on. */
  readonly waitMs: number;
}

/**
 * Lets calls pass whose run may go on; the call of a paused run waits. Throws `run.*`, or rejects with it, and with
 * `run.paused` where the wait was in vain.
 */
export function clearance({ registry, now, waitMs }: ClearanceSource) {
  return function clear(call: Call, request: Pick<Incoming, 'onAbort'>): Call | Promise<Call> {
    const { run, principal } = call.access;
    const standing = registry.standing(run, principal);
    if (!standing) return call;
    if (standing.stop.state !== 'paused' || waitMs <= 0) throw stopped(standing);
    return wait(call, request);
  };

  async function wait(call: Call, request: Pick<Incoming, 'onAbort'>): Promise<Call> {
    const { principal } = call.access;
    const untilMs = now() + waitMs;
    let hasLeft = false;
    const onLeft = (leave: () => void): void => {
      request.onAbort(() => {
        hasLeft = true;
        leave();
      });
    };
    for (let { run } = call.access; ;) {
      run = await registry.changed(run, { principal, waitMs: untilMs - now(), onLeft });
      const standing = registry.standing(run, principal);
      if (!standing) return inRun(call, run);
      if (standing.stop.state !== 'paused' || hasLeft || now() >= untilMs) throw stopped(standing);
    }
  }
}
