import { describe, expect, test } from 'vitest';
import { dice } from './dice.ts';
import { median, slopeOf } from './slope.ts';

describe('a slope', () => {
  test('is that of the line that points lie on', () => {
    const { perUnit, within } = slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ]);
    expect(perUnit).toBeCloseTo(2);
    expect(within).toBeCloseTo(0);
  });

  test('of fewer than three points is not known', () => {
    expect(
      slopeOf([
        [0, 1],
        [1, 2],
      ]).within,
    ).toBe(Infinity);
  });

  test('lies within its interval in 95 of 100 cases, however few the points', () => {
    const roll = dice(1);
    // A sum of twelve dice is as good as normal.
    const noise = (): number => Array.from({ length: 12 }, roll).reduce((sum, one) => sum + one, -6);
    const rounds = 2_000;
    let hits = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { perUnit, within } = slopeOf(Array.from({ length: 8 }, (_, x) => [x, 3 * x + noise()] as const));
      if (Math.abs(perUnit - 3) <= within) hits += 1;
    }
    expect(hits / rounds).toBeGreaterThan(0.93);
    expect(hits / rounds).toBeLessThan(0.97);
  });
});

test('a median is the middle, or the mean of the two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});
