import { describe, expect, test } from 'vitest';
import { OwnFunctions, zoneFormat } from '../../src/policy/functions.ts';
import { bind, condition, outcome } from './expressions.ts';
import { request } from './fixtures.ts';

describe('matches', () => {
  test('finds the pattern anywhere, as RE2 does', () => {
    expect(outcome('args.?s.orValue("").matches("b+c")', { s: 'aabbcc' })).toBe(true);
    expect(outcome('args.?s.orValue("").matches("^b+c")', { s: 'aabbcc' })).toBe(false);
    expect(outcome(String.raw`args.?s.orValue("").matches("^\\d{3}$")`, { s: '123' })).toBe(true);
    expect(outcome('args.?s.orValue("").matches("(?i)SECRET")', { s: 'a secret' })).toBe(true);
  });

  test('takes linear time: what would take a backtracking engine longer than the universe is old is soon told', () => {
    const s = `${'a'.repeat(30_000)}b`;
    expect(outcome('args.?s.orValue("").matches("^(a+)+$")', { s })).toBe(false);
    expect(outcome('args.?s.orValue("").matches("^(a|a)*$")', { s })).toBe(false);
    expect(outcome(String.raw`args.?s.orValue("").matches("\\s+$")`, { s: `${' '.repeat(50_000)}x` })).toBe(false);
  });

  test('reads a bounded number of characters in one evaluation, again and again', () => {
    const s = 'a'.repeat(40_000);
    const once = 'args.?s.orValue("").matches("b")';
    const failure = { failure: '`matches` reads at most 65536 characters' };
    expect(outcome(once, { s })).toBe(false);
    expect(outcome(once, { s })).toBe(false);
    expect(outcome(`${once} || ${once}`, { s })).toEqual(failure);
    expect(outcome(once, { s: s + s })).toEqual(failure);
  });

  test('reads the fewer the larger the pattern is', () => {
    const large = 'args.?s.orValue("").matches("(a?){500}a{500}b")';
    expect(outcome(large, { s: 'a'.repeat(5_000) })).toBe(false);
    expect(outcome(large, { s: 'a'.repeat(10_000) })).toEqual({
      failure: expect.stringMatching(/^`matches` reads at most 6\d{3} characters$/),
    });
  });
});

describe('split', () => {
  test('gives the parts', () => {
    const source = 'args.?to.orValue("").split(",").all(a, a.trim().endsWith("@example.com"))';
    expect(outcome(source, { to: 'a@example.com, b@example.com' })).toBe(true);
    expect(outcome(source, { to: 'a@example.com,b@example.org' })).toBe(false);
  });

  test('gives a bounded number of them', () => {
    const source = 'args.?to.orValue("").split(",").size() > 1';
    expect(outcome(source, { to: ','.repeat(255) })).toBe(true);
    expect(outcome(source, { to: ','.repeat(256) })).toEqual({ failure: '`split` gives at most 256 parts' });
  });
});

describe('the time', () => {
  const at = (source: string, time: string) => {
    const asked = request({ context: { route: 'mcp', stream: false, timeMs: Date.parse(time) } });
    return bind(asked).evaluate(condition(source));
  };

  test.each([
    ['getFullYear', 2026, 2027],
    ['getMonth', 11, 0],
    ['getDate', 31, 1],
    ['getDayOfMonth', 30, 0],
    ['getDayOfWeek', 4, 5],
    ['getHours', 23, 0],
    ['getMinutes', 30, 30],
    ['getSeconds', 15, 15],
  ])('`%s` is read in UTC, or on the clocks of a zone', (name, utc, berlin) => {
    const time = '2026-12-31T23:30:15Z';
    expect(at(`now.${name}() == ${utc}`, time)).toBe(true);
    expect(at(`now.${name}("Europe/Berlin") == ${berlin}`, time)).toBe(true);
  });

  test('follows the changes of clocks, whatever the zone of the process', () => {
    expect(at('now.getHours("Europe/Berlin") == 1', '2026-03-29T00:59:59Z')).toBe(true);
    expect(at('now.getHours("Europe/Berlin") == 3', '2026-03-29T01:00:00Z')).toBe(true);
    expect(at('now.getHours("America/New_York") == 21', '2026-03-29T01:00:00Z')).toBe(true);
    expect(
      at('now.getHours("Asia/Kolkata") == 5 && now.getMinutes("Asia/Kolkata") == 30', '2026-01-01T00:00:00Z'),
    ).toBe(true);
  });
});

describe('literal arguments', () => {
  test('a time zone is known or not', () => {
    expect(new OwnFunctions().addZone('Europe/Berlin')).toBe(true);
    expect(new OwnFunctions().addZone('Europe/Atlantis')).toBe(false);
    expect(zoneFormat('Mars')).toBeUndefined();
  });

  test('a pattern compiles or says why not', () => {
    expect(new OwnFunctions().addPattern('a+')).toBeUndefined();
    expect(new OwnFunctions().addPattern('a(')).toContain('missing closing');
  });
});
