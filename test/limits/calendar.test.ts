import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CalendarUnit } from '../../src/core/quota.ts';
import { calendar } from '../../src/limits/calendar.ts';
import { HOUR } from './ledger.ts';

/** The period as two instants in ISO 8601. */
function period(every: CalendarUnit, timezone: string, moment: string): readonly [string, string] {
  const { startMs, endMs } = calendar(every, timezone)(Date.parse(moment));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
}

const iso = (text: string): string => new Date(text).toISOString();

describe('a calendar period', () => {
  test.each<[CalendarUnit, string, string, string, string]>([
    ['hour', 'UTC', '2026-11-23T12:34:56Z', '2026-11-23T12:00Z', '2026-11-23T13:00Z'],
    ['hour', 'Asia/Kolkata', '2026-11-23T12:34:56Z', '2026-11-23T12:30Z', '2026-11-23T13:30Z'],
    ['day', 'UTC', '2026-11-23T00:00:00Z', '2026-11-23T00:00Z', '2026-11-24T00:00Z'],
    ['day', 'America/New_York', '2026-11-23T03:00:00Z', '2026-11-22T05:00Z', '2026-11-23T05:00Z'],
    ['week', 'UTC', '2026-11-22T23:59:59Z', '2026-11-16T00:00Z', '2026-11-23T00:00Z'],
    ['week', 'UTC', '2026-11-23T00:00:00Z', '2026-11-23T00:00Z', '2026-11-30T00:00Z'],
    ['week', 'Europe/Berlin', '2026-12-31T12:00:00Z', '2026-12-27T23:00Z', '2027-01-03T23:00Z'],
    ['month', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    ['month', 'Europe/Berlin', '2026-11-30T23:30:00Z', '2026-11-30T23:00Z', '2026-12-31T23:00Z'],
    ['year', 'UTC', '2026-11-23T12:00:00Z', '2026-01-01T00:00Z', '2027-01-01T00:00Z'],
    ['year', 'Pacific/Auckland', '2026-12-31T11:30:00Z', '2026-12-31T11:00Z', '2027-12-31T11:00Z'],
  ])('of a %s in %s at %s', (every, timezone, moment, start, end) => {
    expect(period(every, timezone, moment)).toEqual([iso(start), iso(end)]);
  });

  test.each([
    [
      'has 23 hours when clocks go forward',
      'Europe/Berlin',
      '2026-03-29T12:00Z',
      '2026-03-28T23:00Z',
      '2026-03-29T22:00Z',
    ],
    [
      'has 25 hours when clocks go back',
      'Europe/Berlin',
      '2026-10-25T12:00Z',
      '2026-10-24T22:00Z',
      '2026-10-25T23:00Z',
    ],
    [
      'begins at one where clocks skip midnight',
      'America/Santiago',
      '2026-09-06T12:00Z',
      '2026-09-06T04:00Z',
      '2026-09-07T03:00Z',
    ],
    [
      'begins at the first of two midnights',
      'America/Havana',
      '2026-11-01T12:00Z',
      '2026-11-01T04:00Z',
      '2026-11-02T05:00Z',
    ],
    [
      'ends at midnight, not at the 23 o’clock before it comes twice',
      'America/Santiago',
      '2026-04-05T02:30Z',
      '2026-04-04T03:00Z',
      '2026-04-05T04:00Z',
    ],
    [
      'passes over a day that was left out',
      'Pacific/Apia',
      '2011-12-30T05:00Z',
      '2011-12-29T10:00Z',
      '2011-12-30T10:00Z',
    ],
  ])('of a day %s', (_what, timezone, moment, start, end) => {
    expect(period('day', timezone, moment)).toEqual([iso(start), iso(end)]);
  });

  test('of an hour that clocks repeat comes twice', () => {
    expect(period('hour', 'Europe/Berlin', '2026-10-25T00:30Z')).toEqual([
      iso('2026-10-25T00:00Z'),
      iso('2026-10-25T01:00Z'),
    ]);
    expect(period('hour', 'Europe/Berlin', '2026-10-25T01:30Z')).toEqual([
      iso('2026-10-25T01:00Z'),
      iso('2026-10-25T02:00Z'),
    ]);
  });

  test('holds its moment, and the next begins where it ends, in every zone at every time', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom<CalendarUnit>('day', 'week', 'month', 'year'),
        fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2032, 0) }),
        (zone, every, ms) => {
          const periodAt = calendar(every, zone);
          const { startMs, endMs } = periodAt(ms);
          expect(startMs).toBeLessThanOrEqual(ms);
          expect(endMs).toBeGreaterThan(ms);
          expect(periodAt(endMs).startMs).toBe(endMs);
          expect(periodAt(startMs)).toEqual({ kind: 'calendar', startMs, endMs });
          expect(periodAt(startMs - 1).endMs).toBe(startMs);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is worked out once, and again when it has ended or the clock went back', () => {
    const periodAt = calendar('hour', 'UTC');
    const first = periodAt(10 * HOUR);
    expect(periodAt(11 * HOUR - 1)).toBe(first);
    expect(periodAt(11 * HOUR).startMs).toBe(11 * HOUR);
    expect(periodAt(10 * HOUR).startMs).toBe(10 * HOUR);
  });

  test('of a zone that does not exist is a bug of the caller', () => {
    expect(() => calendar('day', 'Mars/Olympus')).toThrow(RangeError);
  });
});
