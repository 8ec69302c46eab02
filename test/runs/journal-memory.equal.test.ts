// Memory and Redis, driven by the same history and clock, must say the same.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { CallId, RunId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import type { JournalPlace, JournalStore } from '../../src/runs/journal.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { redisJournal } from '../../src/runs/journal-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, NOON, testClock } from '../limits/ledger.ts';
import { beginning, DONE, LARGE } from './journal-calls.ts';

const MINUTE = 60_000;
const where = fc.record({
  entry: fc.constantFrom('a', 'b', 'c'),
  root: fc.constantFrom('run_1', 'run_2'),
  call: fc.constantFrom('call_1', 'call_2', 'call_3'),
});
const leaseMs = fc.constantFrom(500, MINUTE);
const keepMs = fc.constantFrom(1, 30_000, 10 * MINUTE);
const attempt = fc.constantFrom('one', 'two');

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('begin' as const),
        where,
        digest: fc.constantFrom('x', 'x', 'x', 'y'),
        leaseMs,
        keepMs,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('finish' as const),
        where,
        finish: fc.constantFrom(DONE, LARGE),
        keepMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), where, sure: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('renew' as const),
        where,
        owner: fc.constantFrom('call_1', 'call_2', 'one', 'two'),
        leaseMs,
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('undo' as const), where, attempt, leaseMs }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('end undo' as const),
        where,
        attempt,
        end: fc.constantFrom('undone' as const, 'kept' as const, 'unknown' as const),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 499, 500, 29_999, MINUTE, 10 * MINUTE),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('list' as const) }) },
  ),
  { minLength: 5, maxLength: 45 },
);
type Step = typeof steps extends fc.Arbitrary<readonly (infer S)[]> ? S : never;

let client: RedisClient;
beforeAll(async () => void (client = await connected({ url: inject('redisUrl') })));
afterAll(() => client.close());

/** Runs a history and tells everything that the store said. */
async function tell(
  history: readonly Step[],
  tenant: string,
  make: (clock: { now(): number }) => JournalStore,
): Promise<unknown[]> {
  const clock = testClock(NOON);
  const store = make(clock);
  const said: unknown[] = [];
  const placeOf = (step: { readonly where: { entry: string; root: string; call: string } }): JournalPlace => {
    const { entry, root, call } = step.where;
    return { tenant, entry: `${root} ${entry}`, root: root as RunId, call: call as CallId };
  };
  const list = async (): Promise<void> => {
    for (const root of ['run_1', 'run_2']) said.push(await store.entries(tenant, root as RunId));
  };
  for (const step of history) {
    if (step.kind === 'wait') clock.advance(step.ms);
    else if (step.kind === 'list') await list();
    else if (step.kind === 'begin') said.push(await store.begin(beginning(placeOf(step), step)));
    else if (step.kind === 'finish') said.push(await store.finish(placeOf(step), step.finish, step.keepMs));
    else if (step.kind === 'fail') said.push(await store.fail(placeOf(step), step.sure));
    else if (step.kind === 'renew') said.push(await store.renew(placeOf(step), step.owner, step.leaseMs));
    else if (step.kind === 'undo') said.push(await store.beginUndo({ place: placeOf(step), ...step }));
    else said.push(await store.endUndo(placeOf(step), step.attempt, step.end));
  }
  await list();
  return said;
}

test('memory and redis answer every history alike', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const tenant = freshTenant();
      const byMemory = await tell(history, tenant, (clock) => memoryJournal({ clock }));
      const byRedis = await tell(history, tenant, (clock) => redisJournal({ client, clock }));
      expect(byRedis).toEqual(byMemory);
    }),
    { numRuns: inject('redisIsReal') ? 500 : 20 },
  );
});
