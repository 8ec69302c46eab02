// Bodies that come too slowly hold a connection and memory for nothing (slowloris, RUDY). One sweep looks at all of them, so
// that a body that comes at once costs no timer.
import { Roster, type Seat } from '../core/roster.ts';

/** A body on its way. */
export interface Paced {
  readonly startedAtMs: number;
  /** What has come of it so far. */
  readonly received: number;
  giveUp(): void;
}

export interface Pace {
  readonly now: () => number;
  /** Until it gives up its seat. */
  watch(body: Paced): Seat;
}

export interface PaceLimits {
  readonly bodyMs: number;
  /** On average, once a body took `GRACE_MS`. */
  readonly bodyBytesPerSecond: number;
}

const GRACE_MS = 10_000;
const SWEEP_MS = 1_000;

/** Gives up bodies that are slower than the limits. `now` is in milliseconds. */
export function pace(limits: PaceLimits, now: () => number): Pace {
  const coming = new Roster<Paced>();
  let sweeping: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    const nowMs = now();
    for (const body of coming.members()) if (isTooSlow(body, nowMs, limits)) body.giveUp();
    if (coming.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  return {
    now,
    watch(body) {
      sweeping ??= setInterval(sweep, Math.min(SWEEP_MS, limits.bodyMs / 2)).unref();
      return coming.enter(body);
    },
  };
}

function isTooSlow(body: Paced, nowMs: number, { bodyMs, bodyBytesPerSecond }: PaceLimits): boolean {
  const ms = nowMs - body.startedAtMs;
  return ms > bodyMs || (ms > GRACE_MS && body.received * 1_000 < bodyBytesPerSecond * ms);
}
