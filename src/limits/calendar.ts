// Calendar periods in a time zone. A day is the local one: 23 or 25 hours long where clocks change.
import type { CalendarUnit } from '../core/quota.ts';

/** Half-open, in milliseconds since the epoch. */
export interface CalendarPeriod {
  readonly kind: 'calendar';
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Returns what gives the period that a moment lies in, remembering the last one. Weeks begin on Monday (ISO 8601).
 * Throws a `RangeError` for a time zone that is not in the IANA database.
 */
export function calendar(every: CalendarUnit, timezone: string): (ms: number) => CalendarPeriod {
  const offsetAt = offsets(timezone);
  let period: CalendarPeriod = { kind: 'calendar', startMs: 0, endMs: 0 };
  return (ms) => {
    if (ms < period.startMs || ms >= period.endMs) {
      const [startMs, endMs] = every === 'hour' ? hourOf(ms, offsetAt(ms)) : daysOf(every, ms, offsetAt);
      period = { kind: 'calendar', startMs, endMs };
    }
    return period;
  };
}

/** What a local clock is ahead of UTC, in milliseconds, at a moment. */
type Offsets = (ms: number) => number;

function offsets(timezone: string): Offsets {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const parts = format.formatToParts(ms);
    const read = (type: Intl.DateTimeFormatPartTypes): number =>
      Number(parts.find((part) => part.type === type)?.value);
    const day = Date.UTC(read('year'), read('month') - 1, read('day'));
    const time = (read('hour') * 60 + read('minute')) * 60 + read('second');
    return day + time * 1_000 - Math.floor(ms / 1_000) * 1_000;
  };
}

/** An hour of the local clock; the one that a change of clocks repeats comes twice. */
function hourOf(ms: number, offset: number): readonly [number, number] {
  const startMs = Math.floor((ms + offset) / HOUR_MS) * HOUR_MS - offset;
  return [startMs, startMs + HOUR_MS];
}

function daysOf(every: 'day' | 'week' | 'month' | 'year', ms: number, offsetAt: Offsets): readonly [number, number] {
  const local = new Date(ms + offsetAt(ms));
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const monday = day - ((local.getUTCDay() + 6) % 7);
  const [start, end] = {
    day: [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)],
    week: [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)],
    month: [Date.UTC(year, month), Date.UTC(year, month + 1)],
    year: [Date.UTC(year, 0), Date.UTC(year + 1, 0)],
  }[every] as [number, number];
  return [momentOf(start, offsetAt), momentOf(end, offsetAt)];
}

/**
 * The first moment at which the local clock shows a midnight or has passed it; `wall` is that midnight, written as if it
 * were UTC. Clocks may skip midnight or show it twice, so both the offset before and the one after are tried.
 */
function momentOf(wall: number, offsetAt: Offsets): number {
  const [before, after] = [wall - offsetAt(wall - DAY_MS), wall - offsetAt(wall + DAY_MS)];
  const early = Math.min(before, after);
  return early + offsetAt(early) >= wall ? early : Math.max(before, after);
}
