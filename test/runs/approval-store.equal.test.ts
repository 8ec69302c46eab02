// Memory and Redis, driven by the same history and clock, must give the same answers.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { CallId, RunId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import { redisApprovals } from '../../src/runs/approval-redis.ts';
import type { ApprovalStore } from '../../src/runs/approval-store.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, NOON, testClock } from '../limits/ledger.ts';
import { approver, HOUR, summary, terms } from './approvals.ts';

const binding = fc.constantFrom('a', 'b');
const which = fc.nat({ max: 5 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('request' as const),
        binding,
        approvers: fc.integer({ min: 1, max: 3 }),
        uses: fc.integer({ min: 1, max: 2 }),
        root: fc.constantFrom('run_x', 'run_y'),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('decide' as const),
        which,
        subject: fc.constantFrom('ana', 'bob', 'BOB', 'cleo', 'dan'),
        role: fc.constantFrom('approver', 'approver', 'viewer'),
        verdict: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'deny' as const),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('use' as const, 'use' as const, 'back' as const),
        which,
        call: which,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 1_000, HOUR - 1, HOUR, 5 * HOUR),
      }),
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

async function answer(
  store: ApprovalStore,
  tenant: string,
  { step, at }: { step: Step; at: number },
): Promise<unknown> {
  const id = 'which' in step ? `appr_${step.which}` : `appr_${at}`;
  switch (step.kind) {
    case 'request': {
      const { approvers, uses, root } = step;
      const parts = {
        terms: terms({ approvers, uses, expiresMs: 4 * HOUR }),
        summary: summary({ root: root as RunId }),
      };
      return store.request({ tenant, id, binding: step.binding, ...parts });
    }
    case 'decide': {
      const { subject, role, verdict } = step;
      return store.decide(tenant, id, approver(subject, { roles: [role], verdict, reason: String(at) }));
    }
    case 'use':
      return store.use(tenant, id, `call_${step.call}` as CallId);
    case 'back':
      return store.giveBack(tenant, id, `call_${step.call}` as CallId);
    case 'list':
      return Promise.all([
        store.list(tenant, { count: step.count }),
        store.list(tenant, { count: step.count, state: 'pending' }),
        store.pendingOf(tenant, 'run_x' as RunId),
      ]);
    case 'wait':
      return undefined;
    default:
      return step satisfies never;
  }
}

test('memory and Redis answer every history alike', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const clock = testClock(NOON);
      const tenant = freshTenant();
      const memory = memoryApprovals({ clock });
      const redis = redisApprovals({ client, clock });
      let asked = 0;
      for (const step of history) {
        if (step.kind === 'wait') clock.advance(step.ms);
        const at = step.kind === 'request' ? asked++ : asked;
        const [ofMemory, ofRedis] = [
          await answer(memory, tenant, { step, at }),
          await answer(redis, tenant, { step, at }),
        ];
        expect(ofRedis).toEqual(ofMemory);
      }
    }),
    { numRuns: 150 },
  );
}, 120_000);

test('no history uses an approval more often than it may, or without the people that it takes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const clock = testClock(NOON);
      const store = memoryApprovals({ clock });
      let asked = 0;
      for (const step of history) {
        if (step.kind === 'wait') clock.advance(step.ms);
        const at = step.kind === 'request' ? asked++ : asked;
        const id = 'which' in step ? `appr_${step.which}` : '';
        const before = await store.get('t', id);
        const result = await answer(store, 't', { step, at });
        const after = await store.get('t', id);
        if (!after || !before) continue;
        expect(after.used).toBeLessThanOrEqual(after.terms.uses);
        if (after.used > before.used) {
          expect(result).toMatchObject({ isUsed: true });
          expect(before.state).toBe('approved');
          const people = new Set(
            after.votes.filter(({ verdict }) => verdict === 'approve').map(({ by }) => by.toLowerCase()),
          );
          expect(people.size).toBeGreaterThanOrEqual(after.terms.approvers);
          expect(people.has('ana')).toBe(false);
        }
      }
    }),
    { numRuns: 300 },
  );
});
