import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { readDuration, readName, readNames, readOverlap, readPort } from '../../src/cli/arguments.ts';

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['5d', 432_000_000],
  ])('%s', (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });

  test.each(['', '0s', '12', '1.5h', '-1h', '1w', '1h30m', '9999999999s', ' 1h'])('`%s` is none', (text) => {
    expect(() => readDuration(text)).toThrow(InvalidArgumentError);
  });

  test('only an overlap may be nothing', () => {
    expect([readOverlap('0'), readOverlap('1s')]).toEqual([0, 1_000]);
    expect(() => readDuration('0')).toThrow(InvalidArgumentError);
  });
});

describe('ports', () => {
  test('leave room for the one after', () => {
    expect([readPort('1'), readPort('65534')]).toEqual([1, 65_534]);
    for (const wrong of ['0', '65535', '-1', '1e3', '']) expect(() => readPort(wrong)).toThrow(InvalidArgumentError);
  });
});

describe('names', () => {
  test('are those that identity takes', () => {
    expect(readName('a'.repeat(256))).toHaveLength(256);
    for (const wrong of ['', 'a'.repeat(257), 'a\nb', '\ud800'])
      expect(() => readName(wrong)).toThrow(InvalidArgumentError);
  });

  test('of an option that is given again come together', () => {
    expect(readNames('b', readNames('a'))).toEqual(['a', 'b']);
  });
});
