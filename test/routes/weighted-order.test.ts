import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weightedOrder } from '../../src/routes/weighted-order.ts';

const weight = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1_000, noNaN: true }));
const targets = fc.uniqueArray(fc.record({ id: fc.string({ maxLength: 8 }), weight }), {
  selector: ({ id }) => id,
  maxLength: 8,
});
const key = fc.string({ maxLength: 12 });
const ids = (order: readonly { readonly id: string }[]): string[] => order.map(({ id }) => id);

describe('the order of targets', () => {
  test('has each of them once, and those without weight last, as they were given', () => {
    fc.assert(
      fc.property(targets, key, (given, run) => {
        const order = weightedOrder(given, run);
        expect(ids(order).sort()).toEqual(ids(given).sort());
        const idle = given.filter((target) => target.weight === 0);
        expect(order.slice(order.length - idle.length)).toEqual(idle);
      }),
    );
  });

  test('is the same for one key, however the targets are listed', () => {
    fc.assert(
      fc.property(targets, key, (given, run) => {
        const weighted = given.filter((target) => target.weight > 0);
        expect(weightedOrder(weighted.toReversed(), run)).toEqual(weightedOrder(weighted, run));
      }),
    );
  });

  test('of the others does not change when one goes, so that no run moves that need not', () => {
    fc.assert(
      fc.property(targets, key, fc.nat(7), (given, run, gone) => {
        const left = given.filter((_, index) => index !== gone);
        const before = weightedOrder(given, run).filter((target) => left.includes(target));
        expect(ids(weightedOrder(left, run))).toEqual(ids(before));
      }),
    );
  });

  test.each([
    [1, 1],
    [3, 1],
    [1, 99],
    [5, 3, 2],
  ])('comes out by weight over many keys: %i, %i …', (...weights) => {
    const given = weights.map((share, index) => ({ id: `target-${index}`, weight: share }));
    const keys = 10_000;
    const first = new Map<string, number>();
    for (let run = 0; run < keys; run += 1) {
      const [winner] = weightedOrder(given, `run_${run}`);
      if (winner) first.set(winner.id, (first.get(winner.id) ?? 0) + 1);
    }
    const whole = weights.reduce((sum, share) => sum + share);
    for (const { id, weight: share } of given)
      expect(Math.abs((first.get(id) ?? 0) / keys - share / whole)).toBeLessThan(0.015);
  });

  test('moves, when a target grows, runs to that one alone', () => {
    fc.assert(
      fc.property(targets, key, (given, run) => {
        const [grown, ...others] = given.filter((target) => target.weight > 0);
        if (!grown) return;
        const [before] = weightedOrder([grown, ...others], run);
        const [after] = weightedOrder([{ ...grown, weight: grown.weight * 2 }, ...others], run);
        expect([before?.id, grown.id]).toContain(after?.id);
      }),
    );
  });
});
