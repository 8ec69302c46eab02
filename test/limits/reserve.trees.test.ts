// Random trees and calls against an oracle that knows nothing of counters: it writes down who spent what, and adds up.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Quota, Scope } from '../../src/core/quota.ts';
import type { Run } from '../../src/core/run.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import { reserver } from '../../src/limits/reserve.ts';
import { inMemory, inRedis, type Stores } from '../runs/stores.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { admission, charge, permitted, quota } from './calls.ts';
import { connected } from './connect.ts';
import { freshTenant, testClock } from './ledger.ts';
import { handSchedule, turns } from './timers.ts';

const LIFE = { kind: 'life' } as const;
const RUN_SCOPES: readonly Scope[] = ['run', 'run.root', 'run.parent'];

/** A budget of each scope, some with a part that is kept, and what a `max` counts. */
const limits = fc.record({
  budgets: fc.array(
    fc.record({
      per: fc.constantFrom(...RUN_SCOPES),
      amount: fc.integer({ min: 20, max: 120 }),
      kept: fc.integer({ min: 0, max: 19 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  steps: fc.record({ per: fc.constantFrom(...RUN_SCOPES), amount: fc.integer({ min: 3, max: 25 }) }),
  children: fc.record({ per: fc.constantFrom(...RUN_SCOPES), amount: fc.integer({ min: 1, max: 6 }) }),
});

const calls = fc.array(
  fc.record({
    /** Which run calls: one of those there are, or a new one below it. */
    place: fc.nat({ max: 11 }),
    ask: fc.integer({ min: 0, max: 30 }),
    isFinal: fc.boolean(),
    end: fc.constantFrom('settle', 'settle', 'release', 'nothing'),
    used: fc.integer({ min: 0, max: 100 }),
  }),
  { minLength: 1, maxLength: 60 },
);
/** The parent of each run but the first, by its place among those before it. */
const shape = fc.array(fc.nat({ max: 10 }), { minLength: 1, maxLength: 11 });

function treeOf(parents: readonly number[], name: string): readonly Run[] {
  const runs = [rootRun(`run_${name}`)];
  for (const [index, parent] of parents.entries())
    runs.push(childRun(runs[parent % runs.length] as Run, `run_${name}_${index + 1}`));
  return runs;
}

type Limits = typeof limits extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function quotasOf({ budgets, steps, children }: Limits): readonly Quota[] {
  const life = { window: LIFE, enforced: true };
  return [
    ...budgets.map(({ per, amount, kept }, index) =>
      quota({
        ...life,
        id: `p/budget-${index}`,
        kind: 'budget',
        unit: 'tokens',
        amount,
        per: [per],
        keptForFinal: kept,
      }),
    ),
    quota({ ...life, id: 'p/steps', kind: 'steps', unit: 'requests', amount: steps.amount, per: [steps.per] }),
    quota({ ...life, id: 'p/children', kind: 'children', unit: 'runs', amount: children.amount, per: [children.per] }),
  ];
}

/** What the oracle has written down of a call that was admitted. */
interface Entry {
  readonly run: Run;
  amount: number;
  /** It was the first of its run. */
  readonly isBirth: boolean;
}

/** Whose counters a quota's scope means for a call of a run, said by the tree alone. */
function boundBy({ kind, per: [scope] }: Quota, { root, path }: Run): readonly string[] {
  const above = path.slice(0, -1);
  if (kind === 'children') {
    if (above.length === 0) return [];
    return scope === 'run.root' ? [root] : scope === 'run.parent' ? above.slice(-1) : above;
  }
  return scope === 'run.root' ? [root] : scope === 'run.parent' ? above : path;
}

/** What a quota has counted for a run: of all that was admitted below it. */
function counted(one: Quota, run: string, book: readonly Entry[]): number {
  const mine = book.filter((entry) => boundBy(one, entry.run).includes(run));
  if (one.kind === 'steps') return mine.length;
  if (one.kind === 'children') return mine.filter(({ isBirth }) => isBirth).length;
  return mine.reduce((sum, { amount }) => sum + amount, 0);
}

async function play(
  { ledger, runs: store }: Stores,
  drawn: {
    limits: Limits;
    parents: readonly number[];
    history: typeof calls extends fc.Arbitrary<infer Drawn> ? Drawn : never;
  },
): Promise<void> {
  const [tenant, quotas] = [freshTenant(), quotasOf(drawn.limits)];
  const tree = treeOf(drawn.parents, crypto.randomUUID().slice(0, 8));
  const schedule = handSchedule();
  const limiter = reserver({ store: ledger, clock: testClock(), schedule });
  const book: Entry[] = [];
  let booked = 0;
  for (const { place, ask, isFinal, end, used } of drawn.history) {
    const run = tree[place % tree.length] as Run;
    const isBirth = !book.some((entry) => entry.run.id === run.id);
    const asks = { steps: 1, children: isBirth ? 1 : 0, budget: ask };
    const made = permitted({ tenant, quotas });
    const call = { ...made, access: { ...made.access, run, ...(isFinal && { isFinal }) } };
    const fits = quotas.every((one) => {
      const room = one.amount - (isFinal ? 0 : (one.keptForFinal ?? 0));
      return boundBy(one, run).every((of) => counted(one, of, book) + asks[one.kind as keyof typeof asks] <= room);
    });
    const before = (await store.tree(tenant, run.root)).runs;
    const reservation = await limiter.admit(call, admission(charge(ask, ask))).catch((error: unknown): undefined => {
      if (!(error instanceof GatewayError)) throw error;
      expect(error.code).toMatch(/^limit\.(?:budget|held|tree)$/);
    });
    expect(reservation !== undefined, `a call of ${run.path.join('/')} that asks for ${ask}`).toBe(fits);
    if (!reservation) {
      expect((await store.tree(tenant, run.root)).runs).toEqual(before);
      continue;
    }
    const entry: Entry = { run, amount: ask, isBirth };
    book.push(entry);
    await finish(reservation);
    async function finish(open: Reservation): Promise<void> {
      if (end === 'nothing') return;
      entry.amount = end === 'release' ? 0 : Math.floor((ask * used) / 100);
      if (end === 'release') open.release();
      else open.settle(charge(entry.amount, entry.amount));
      booked += entry.amount;
      await turns();
    }
  }
  await limiter.close();
  const root = tree[0] as Run;
  const { runs: records, facts } = await store.tree(tenant, root.id);
  for (const { id, steps } of records) expect(steps).toBe(book.filter(({ run }) => run.id === id).length);
  expect(records.length).toBe(new Set(book.map(({ run }) => run.id)).size);
  expect(records.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(booked);
  expect(facts.counts.get('steps') ?? 0).toBe(book.length);
}

describe('of random trees and calls every ancestor’s limit holds at every admission, and none refuses without need', () => {
  const drawn = fc.record({ limits, parents: shape, history: calls });

  test('in memory', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(drawn, (one) => play(inMemory(testClock()), one)),
      { numRuns: 400 },
    );
  });

  describe('in Redis', () => {
    let client: RedisClient;
    beforeAll(async () => {
      client = await connected({ url: inject('redisUrl') });
    });
    afterAll(() => client.close());

    test('as well', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(drawn, (one) => play(inRedis(client, testClock()), one)),
        { numRuns: 40 },
      );
    });
  });
});
