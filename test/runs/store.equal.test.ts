// Runs in memory and in Redis, driven by the same history and clock, must give the same answers.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { CallId } from '../../src/core/ids.ts';
import type { Run } from '../../src/core/run.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { connected } from '../limits/connect.ts';
import { claim, freshTenant, MINUTE, type TestClock, testClock } from '../limits/ledger.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { admitIn, cost, inMemory, inRedis, stopBy, type Stores } from './stores.ts';

const A = rootRun('run_a');
const B = childRun(A, 'run_b');
const RUNS: readonly Run[] = [A, B, childRun(B, 'run_c'), rootRun('run_z')];

const which = fc.nat({ max: RUNS.length - 1 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('admit' as const),
        which,
        isFresh: fc.boolean(),
        labels: fc.subarray(['one', 'two', 'own@run_b']),
        adds: fc.subarray(['calls:tool/mail/*', 'calls:tool/a b/{x,y}']),
        counts: fc.subarray([
          { name: 'steps', atLeast: 0, below: 4 },
          { name: 'calls:tool/mail/*', atLeast: 0, below: 2 },
          { name: 'errors', atLeast: 0, below: 1 },
        ]),
        births: fc.nat({ max: 2 }),
        leaseMs: fc.constantFrom(500, MINUTE),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('settle' as const), call: fc.nat({ max: 20 }), isError: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), call: fc.nat({ max: 20 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('stop' as const),
        which,
        state: fc.constantFrom('paused' as const, 'killed' as const, 'draining' as const, undefined),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('stop tenant' as const), scope: fc.constantFrom('*', 'agent:ci') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const), which }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 499, 1_000, 2 * MINUTE) }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

async function tell(history: readonly Step[], tenant: string, make: (clock: TestClock) => Stores): Promise<unknown[]> {
  const clock = testClock();
  const { ledger, runs } = make(clock);
  const said: unknown[] = [];
  const calls: CallId[] = [];
  const runAt = (index: number): Run => RUNS[index] as Run;
  const callAt = (index: number): CallId => calls[index % calls.length] ?? ('none' as CallId);
  for (const [index, step] of history.entries()) {
    const call = `call-${index}` as CallId;
    if (step.kind === 'admit') {
      const run = runAt(step.which);
      const { tree } = step.isFresh ? await runs.open(tenant, run) : run;
      const birth = claim({
        key: 'p/c',
        unit: 'runs',
        ask: 1,
        limit: step.births,
        window: { kind: 'life' },
        mode: 'birth',
      });
      const { labels, adds, counts, leaseMs } = step;
      said.push(
        await admitIn(
          ledger,
          tenant,
          { ...run, tree },
          { call, labels, adds, counts, leaseMs, quote: cost(7, 9), claims: [birth] },
        ),
      );
      calls.push(call);
    } else if (step.kind === 'settle')
      said.push(
        await ledger.settle({
          tenant,
          call: callAt(step.call),
          actual: [],
          run: { charge: cost(3, 5), isError: step.isError },
        }),
      );
    else if (step.kind === 'release') said.push(await ledger.release(tenant, callAt(step.call)).catch(String));
    else if (step.kind === 'stop') {
      const { root, id } = runAt(step.which);
      said.push(await runs.stop({ tenant, root, run: id }, step.state && stopBy(step.state)));
    } else if (step.kind === 'stop tenant') said.push(await runs.stop({ tenant, scope: step.scope }, stopBy('paused')));
    else if (step.kind === 'look')
      said.push(await runs.open(tenant, runAt(step.which)), await runs.run(tenant, runAt(step.which).id));
    else clock.advance(step.ms);
  }
  said.push(
    await runs.tree(tenant, A.id),
    await runs.changes(tenant, new Map([[A.id, { revision: 0, tenantRevision: 0 }]])),
  );
  return said;
}

test('memory and redis tell the same of every history of runs', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const tenant = freshTenant();
      const byMemory = await tell(history, tenant, inMemory);
      const byRedis = await tell(history, tenant, (clock) => inRedis(client, clock));
      expect(byRedis).toEqual(byMemory);
    }),
    { numRuns: inject('redisIsReal') ? 400 : 20 },
  );
});
