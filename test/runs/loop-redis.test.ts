import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { memoryLoops } from '../../src/runs/loop-memory.ts';
import { redisLoops } from '../../src/runs/loop-redis.ts';
import { CHAIN_MS, CHAINS_MAX, type LoopQuestion } from '../../src/runs/loop-store.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, testClock } from '../limits/ledger.ts';
import { loopContract } from './loop-contract.ts';
import * as fc from 'fast-check';

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

loopContract('in redis', (clock) => redisLoops({ run: (question) => client.run(question) }, clock));

test('by the clock of the server, the chains of a tree are one key of bounded size that lives for an hour', async () => {
  const tenant = freshTenant();
  const store = redisLoops(client);
  const note = (call: string): LoopQuestion => ({ kind: 'note', call, result: 'ab', id: '01' });
  await store.ask(tenant, 'run_1' as RunId, [{ kind: 'look', call: 'aa' }]);
  expect(await client.connection.keys(`wg:{${tenant}}:*`)).toEqual([]);
  for (let index = 0; index < 2 * CHAINS_MAX; index += 1)
    await store.ask(tenant, 'run_1' as RunId, [note(index.toString(16))]);
  const [key = '', ...others] = await client.connection.keys(`wg:{${tenant}}:*`);
  expect([key, others]).toEqual([`wg:{${tenant}}:loops:run_1`, []]);
  expect(await client.connection.hlen(key)).toBeLessThanOrEqual(CHAINS_MAX);
  expect(await client.connection.pttl(key)).toBeGreaterThan(CHAIN_MS - 60_000);
  const [seen] = await store.ask(tenant, 'run_1' as RunId, [{ kind: 'look', call: (2 * CHAINS_MAX - 1).toString(16) }]);
  expect(seen?.count).toBe(1);
  expect(seen?.sinceMs).toBeLessThan(60_000);
});

test('memory and redis answer any history alike', async () => {
  const digest = fc.constantFrom('0a', '0b', '0c');
  const question: fc.Arbitrary<LoopQuestion> = fc.oneof(
    fc.record({ kind: fc.constant('look' as const), call: digest }),
    fc.record({
      kind: fc.constant('note' as const),
      call: digest,
      result: digest,
      id: fc.constantFrom('1', '2', '3', '4'),
    }),
  );
  const turn = fc.record({
    questions: fc.array(question, { minLength: 1, maxLength: 4 }),
    pause: fc.nat(CHAIN_MS / 2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 12 }), async (turns) => {
      const clock = testClock();
      const tenant = freshTenant();
      const [memory, redis] = [memoryLoops({ clock }), redisLoops(client, clock)];
      for (const { questions, pause } of turns) {
        clock.advance(pause);
        const root = 'run_1' as RunId;
        expect(await redis.ask(tenant, root, questions)).toEqual(await memory.ask(tenant, root, questions));
      }
    }),
    { numRuns: 60 },
  );
});
