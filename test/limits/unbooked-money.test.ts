import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnbookedMoney } from '../../src/limits/unbooked-money.ts';

const MAX = 100;

test('what is not booked never passes the most when a call is let in, and is what calls hold that the ledger does not know of', () => {
  const steps = fc.record({
    kind: fc.constantFrom('take', 'becomes', 'free'),
    amount: fc.integer({ min: 0, max: 60 }),
    which: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (history) => {
      const money = new UnbookedMoney();
      const calls: { held: number; readonly call: NonNullable<ReturnType<UnbookedMoney['take']>> }[] = [];
      const total = (): number => calls.reduce((sum, { held }) => sum + held, 0);
      for (const { kind, amount, which } of history) {
        const one = calls[which % Math.max(1, calls.length)];
        if (kind === 'take') {
          const call = money.take('pool', { amount, max: MAX });
          expect(call !== undefined).toBe(total() + amount <= MAX);
          if (call) calls.push({ held: amount, call });
        } else if (one && kind === 'becomes') {
          one.call.becomes(amount);
          one.held = amount;
        } else if (one) {
          one.call.free();
          one.call.becomes(amount);
          one.call.free();
          calls.splice(calls.indexOf(one), 1);
        }
      }
      for (const { call } of calls) call.free();
      expect(money.take('pool', { amount: MAX, max: MAX })).toBeDefined();
      expect(money.take('other', { amount: MAX, max: MAX })).toBeDefined();
    }),
  );
});
