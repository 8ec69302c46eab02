import type { Clock } from '../core/clock.ts';
import type { CallId } from '../core/ids.ts';
import type { QuotaClaim } from './quota-claims.ts';
import type { Schedule } from './schedule.ts';

/** The end of one reservation, as the store is told it. Repeating it changes nothing. */
export interface Ending {
  readonly call: CallId;
  readonly tenant: string;
  /** What it held. */
  readonly claims: readonly QuotaClaim[];
  readonly book: () => Promise<unknown>;
  /** From then on the store has charged the call in full, and telling it is of no use. */
  readonly untilMs: number;
}

/** Books the ends of calls beside their answers, again each second where the store does not answer. */
export interface Endings {
  add(ending: Ending): void;
  /** Stops repeating, tries once more what waits, and resolves when nothing is under way. */
  close(): Promise<void>;
}

export interface EndingsOptions {
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Told of an end that stands. */
  readonly onBooked: (ending: Ending) => void;
  /** Told of a call whose end could not be booked: its lease charges it in full. */
  readonly onGivenUp: (call: CallId) => void;
}

const AGAIN_MS = 1_000;
const WAITING_MAX = 10_000;
const AT_ONCE_MAX = 500;

export function endings({ clock, schedule, onBooked, onGivenUp }: EndingsOptions): Endings {
  let waiting: Ending[] = [];
  let underWay = 0;
  let onIdle: (() => void) | undefined;

  function keep(ending: Ending): void {
    if (clock.now() < ending.untilMs && waiting.length < WAITING_MAX) waiting.push(ending);
    else onGivenUp(ending.call);
  }

  function ended(): void {
    underWay -= 1;
    if (underWay === 0) onIdle?.();
  }

  function attempt(ending: Ending): void {
    underWay += 1;
    void ending.book().then(
      () => {
        ended();
        onBooked(ending);
      },
      () => {
        ended();
        keep(ending);
      },
    );
  }

  function again(count: number): void {
    const due = waiting.slice(0, count);
    waiting = waiting.slice(count);
    for (const ending of due) attempt(ending);
  }

  const stop = schedule.every(AGAIN_MS, () => again(AT_ONCE_MAX));
  return {
    add: attempt,
    async close() {
      stop();
      again(waiting.length);
      if (underWay > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
  };
}
