// The algebra of allotments: whatever is carved, spent and given back, no ancestor is ever passed. On the reserver of the
// running gateway and a ledger in memory.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { type Allotment, allotmentClaim } from '../../src/limits/allotment.ts';
import { Carvings } from '../../src/limits/carvings.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import { reserver } from '../../src/limits/reserve.ts';
import { memoryRuns } from '../../src/runs/memory.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { admission, charge, permitted } from './calls.ts';
import { asks, MINUTE, NOON, statesOf, testClock } from './ledger.ts';
import { handSchedule } from './timers.ts';

const TENANT = 'acme';
const ROOT_AMOUNT = 1_000;

interface Node {
  readonly run: PermittedCall['access']['run'];
  /** Its own, or that of the nearest above. */
  readonly allotment: Allotment;
  readonly parent: Node | undefined;
  isOver: boolean;
  /** What its own calls have cost. */
  spent: number;
}

interface Open {
  readonly node: Node;
  readonly quote: number;
  readonly reservation: Reservation;
}

const which = fc.nat({ max: 50 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('carve' as const), which, amount: fc.option(fc.nat({ max: 700 })) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('call' as const), which, quote: fc.nat({ max: 250 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle' as const), which, share: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 30_000, 11 * MINUTE) }),
  },
);

test('what all below a run spend never passes its allotment, and in the end it is charged that and no more', async () => {
  let carved = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const clock = testClock();
      const schedule = handSchedule();
      const runs = memoryRuns();
      const store = memoryStore({ clock, runsOf: (tenant) => runs.bookOf(tenant) });
      const limits = reserver({ store, clock, schedule });
      const carvings = new Carvings({ store, clock, schedule });
      const root = rootRun('run_0');
      const nodes: Node[] = [
        { run: root, allotment: { run: root.id, amount: ROOT_AMOUNT }, parent: undefined, isOver: false, spent: 0 },
      ];
      let open: Open[] = [];

      const isAlive = (node: Node | undefined): boolean => node === undefined || (!node.isOver && isAlive(node.parent));
      const living = (index: number): Node => {
        const all = nodes.filter(isAlive);
        return all[index % all.length] as Node;
      };
      const below = (node: Node): number =>
        nodes.reduce((sum, one) => (one.run.path.includes(node.run.id) ? sum + one.spent : sum), 0);
      const check = (): void => {
        for (const node of nodes)
          if (node.allotment.run === node.run.id) expect(below(node)).toBeLessThanOrEqual(node.allotment.amount);
      };
      const settle = ({ node, quote, reservation }: Open, share: number): void => {
        const cost = Math.floor((quote * share) / 100);
        reservation.settle(charge(0, cost));
        node.spent += cost;
      };

      for (const one of steps) {
        if (one.kind === 'carve') {
          const parent = living(one.which);
          const run = childRun(parent.run, `run_${nodes.length}`);
          const own = one.amount === null ? undefined : { run: run.id, amount: one.amount };
          const asked = {
            tenant: TENANT,
            parentBudget: parent.allotment,
            childRun: run.id,
            untilMs: NOON + 60 * 24 * MINUTE,
          };
          const taken = !own || (await carvings.carve({ ...asked, amount: own.amount }, () => ({ leave() {} })));
          if (taken) nodes.push({ run, allotment: own ?? parent.allotment, parent, isOver: false, spent: 0 });
          if (taken && own) carved += 1;
        } else if (one.kind === 'call') {
          // Also by runs that have ended: their tokens may be shown a moment longer.
          const node = nodes[one.which % nodes.length] as Node;
          const call = permitted({ quotas: [], tenant: TENANT });
          const delegation = { budget: node.allotment };
          const access = { ...call.access, run: node.run, principal: { ...call.access.principal, delegation } };
          const made = { ...call, access } as unknown as PermittedCall;
          const reservation = await limits.admit(made, admission(charge(0, one.quote))).catch(() => undefined);
          if (reservation) open.push({ node, quote: one.quote, reservation });
          else refused += 1;
        } else if (one.kind === 'settle') {
          const ending = open.splice(one.which % Math.max(1, open.length), 1);
          for (const call of ending) settle(call, one.share);
        } else if (one.kind === 'end') {
          const node = living(one.which);
          if (node.parent) {
            // With all below, as a stop does.
            for (const other of nodes) if (other.run.path.includes(node.run.id)) other.isOver = true;
            for (const other of nodes) if (other.isOver) carvings.ended(other.run.id);
          }
        } else clock.advance(one.ms);
        await carvings.look();
        check();
      }

      for (const call of open) settle(call, 100);
      open = [];
      check();
      for (const node of nodes.slice(1)) carvings.ended(node.run.id);
      for (let level = 0; level <= nodes.length && carvings.size > 0; level += 1) await carvings.look();
      expect(carvings.size).toBe(0);
      const [top] = nodes as [Node];
      const claim = { ...allotmentClaim(top.allotment, 0), mode: 'spend', enforced: false } as const;
      const [state] = statesOf(await store.admit(asks(TENANT, [claim])));
      expect(state?.settled).toBeGreaterThanOrEqual(below(top));
      expect(state?.settled).toBeLessThanOrEqual(ROOT_AMOUNT);
      expect(state?.held).toBe(0);
      // Nobody was waited for in vain: then the root was charged to the unit.
      if (!steps.some(({ kind }) => kind === 'wait')) expect(state?.settled).toBe(below(top));
      await limits.close();
    }),
    { numRuns: 300 },
  );
  expect(carved).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(50);
});
