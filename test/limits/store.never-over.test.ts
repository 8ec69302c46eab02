// An oracle that knows nothing of slots or scripts: it writes down what was spent when, and adds up.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SLOTS } from '../../src/limits/bounds.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { StoreWindow } from '../../src/limits/store.ts';
import { asks, claim, DAY, dayOf, HOUR, MINUTE, NONE, testClock } from './ledger.ts';

const LIMIT = 100;

interface Open {
  readonly call: string;
  readonly amount: number;
  readonly lapsesAt: number;
}

interface Spent {
  readonly amount: number;
  readonly at: number;
}

const steps = fc.array(
  fc.record({
    waitMs: fc.constantFrom(0, 1, 16, 999, 1_000, 7_777, 30_000, MINUTE - 1, MINUTE, MINUTE + 1_001, 5 * HOUR),
    ask: fc.integer({ min: 0, max: 60 }),
    mode: fc.constantFrom('hold' as const, 'spend' as const),
    /** What becomes of one open call: `used` is its share of what it held, per cent. */
    end: fc.constantFrom('settle', 'settle', 'release', 'nothing', 'nothing'),
    which: fc.nat({ max: 20 }),
    used: fc.integer({ min: 0, max: 100 }),
    leaseMs: fc.constantFrom(2_000, 10 * MINUTE),
  }),
  { minLength: 1, maxLength: 60 },
);

interface Kind {
  readonly name: string;
  readonly windowAt: (now: number) => StoreWindow;
  /** Whether spending at a time counts now. */
  readonly counts: (at: number, now: number) => boolean;
  /** Whether it may still count, where the ledger rounds against the caller. */
  readonly mayCount: (at: number, now: number) => boolean;
}

const rolling = (ms: number): Kind => ({
  name: `any ${ms} ms`,
  windowAt: () => ({ kind: 'rolling', ms }),
  counts: (at, now) => now - at < ms,
  mayCount: (at, now) => now - at < ms + Math.ceil(ms / SLOTS),
});

const sameDay = (at: number, now: number): boolean => Math.floor(at / DAY) === Math.floor(now / DAY);

const KINDS: readonly Kind[] = [
  rolling(MINUTE),
  rolling(1_000),
  rolling(50),
  rolling(HOUR),
  { name: 'a day', windowAt: dayOf, counts: sameDay, mayCount: sameDay },
  { name: 'one moment', windowAt: () => NONE, counts: () => false, mayCount: () => false },
];

const sum = (list: readonly { readonly amount: number }[]): number =>
  list.reduce((total, { amount }) => total + amount, 0);

test.each(KINDS)(
  'no admission passes a limit in $name, and none is refused without need',
  async ({ windowAt, counts, mayCount }) => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const clock = testClock();
        const store = memoryStore({ clock });
        const spent: Spent[] = [];
        let open: Open[] = [];
        for (const step of history) {
          clock.advance(step.waitMs);
          const now = clock.now();
          const one = claim({ ask: step.ask, limit: LIMIT, mode: step.mode, window: windowAt(now) });
          const request = asks('t', [one], { leaseMs: step.leaseMs });
          const { kind } = await store.admit(request);

          const running = open.filter(({ lapsesAt }) => lapsesAt > now);
          const lapsed = open
            .filter(({ lapsesAt }) => lapsesAt <= now)
            .map(({ amount, lapsesAt }) => ({ amount, at: lapsesAt }));
          const everSpent = [...spent, ...lapsed];
          const counted = sum(everSpent.filter(({ at }) => counts(at, now))) + sum(running) + step.ask;
          const countedAtMost = sum(spent.filter(({ at }) => mayCount(at, now))) + sum(open) + step.ask;
          if (kind === 'admitted') expect(counted).toBeLessThanOrEqual(LIMIT);
          else expect(countedAtMost).toBeGreaterThan(LIMIT);

          if (kind === 'admitted' && step.mode === 'spend') spent.push({ amount: step.ask, at: now });
          if (kind === 'admitted' && step.mode === 'hold') {
            open.push({ call: request.call, amount: step.ask, lapsesAt: now + step.leaseMs });
          }
          const ending = running[step.which % Math.max(1, running.length)];
          if (!ending || step.end === 'nothing') continue;
          open = open.filter((other) => other !== ending);
          const amount = step.end === 'settle' ? Math.floor((ending.amount * step.used) / 100) : 0;
          const ended =
            step.end === 'settle'
              ? store.settle({ tenant: 't', call: ending.call as never, actual: [amount] })
              : store.release('t', ending.call as never);
          expect(await ended).toBe(true);
          spent.push({ amount, at: now });
        }
      }),
      { numRuns: 400 },
    );
  },
);
