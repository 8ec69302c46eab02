import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learnedOutput } from '../../src/metering/learned-output.ts';

describe('what is learned of the output of calls', () => {
  test('is nothing until two hundred calls have ended', () => {
    const learned = learnedOutput();
    for (let call = 0; call < 199; call += 1) learned.learn('a', 100);
    expect(learned.p99('a')).toBeUndefined();
    learned.learn('a', 100);
    expect(learned.p99('a')).toBeGreaterThanOrEqual(100);
    expect(learned.p99('b')).toBeUndefined();
  });

  test('covers 99 of 100 calls, and no more than a tenth above the largest of those', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 200, maxLength: 600 }), (sizes) => {
        const learned = learnedOutput();
        for (const size of sizes) learned.learn('a', size);
        const p99 = learned.p99('a') as number;
        const sorted = sizes.toSorted((one, other) => one - other);
        expect(sizes.filter((size) => size > p99).length).toBeLessThanOrEqual(Math.floor(sizes.length / 100));
        const exact = sorted[sizes.length - 1 - Math.floor(sizes.length / 100)] as number;
        expect(p99).toBeLessThanOrEqual(Math.ceil(Math.max(1, exact) * 1.1) + 1);
      }),
    );
  });

  test('is nothing where calls use more than it can tell apart', () => {
    const learned = learnedOutput();
    for (let call = 0; call < 300; call += 1) learned.learn('a', 5_000_000);
    expect(learned.p99('a')).toBeUndefined();
  });

  test('follows what calls use now: older ones count less and less', () => {
    const learned = learnedOutput();
    for (let call = 0; call < 4_000; call += 1) learned.learn('a', 100_000);
    for (let call = 0; call < 30_000; call += 1) learned.learn('a', 10);
    expect(learned.p99('a')).toBeLessThan(20);
  });
});
