import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RetryBudget } from '../../src/upstreams/retry-budget.ts';

const BURST = 10;

/** What happened, in order: a call, or the wish for a further try and whether it was granted. */
type Step = 'called' | 'granted' | 'refused';

function play(share: number, wishes: readonly boolean[]): Step[] {
  const budget = new RetryBudget(share);
  return wishes.map((isCall) => {
    if (!isCall) return budget.take() ? 'granted' : 'refused';
    budget.called();
    return 'called';
  });
}

describe('the budget for further tries', () => {
  test('grants, over any stretch of time, no more than the share of its calls and the burst', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.boolean(), { maxLength: 200 }),
        (share, wishes) => {
          const steps = play(share, wishes);
          for (let from = 0; from < steps.length; from += 1) {
            let [calls, granted] = [0, 0];
            for (const step of steps.slice(from)) {
              if (step === 'called') calls += 1;
              else if (step === 'granted') granted += 1;
              expect(granted).toBeLessThanOrEqual(BURST + share * calls + 1e-9);
            }
          }
        },
      ),
    );
  });

  test('grants what its calls have paid for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (perTry, rounds) => {
        const budget = new RetryBudget(1 / perTry);
        while (budget.take());
        for (let round = 0; round < rounds; round += 1) {
          // One more than the share says, for what fractions lose.
          for (let call = 0; call <= perTry; call += 1) budget.called();
          expect(budget.take()).toBe(true);
        }
      }),
    );
  });

  test('does not save up: after any number of calls in a row no more than the burst is granted', () => {
    const steps = play(0.5, [...Array.from({ length: 1_000 }, () => true), ...Array.from({ length: 50 }, () => false)]);
    expect(steps.filter((step) => step === 'granted')).toHaveLength(BURST);
  });

  test('without a share grants nothing, not even the burst', () => {
    expect(play(0, [true, false, true, false])).toEqual(['called', 'refused', 'called', 'refused']);
  });
});
