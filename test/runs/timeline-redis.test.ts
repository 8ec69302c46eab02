import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { STEPS_MS } from '../../src/runs/timeline.ts';
import { redisTimelines } from '../../src/runs/timeline-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant } from '../limits/ledger.ts';
import { timelineContract } from './timeline-contract.ts';

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

timelineContract('in redis', () => redisTimelines({ run: (question) => client.run(question) }));

test('a timeline lives for thirty days after its last step, and what else its key holds is passed over', async () => {
  const tenant = freshTenant();
  const store = redisTimelines(client);
  const step = { at: 1, kind: 'model', resource: 'model/a/b', ok: true } as const;
  await store.append(tenant, [{ run: 'run_1' as RunId, step }]);
  const key = `wg:{${tenant}}:steps:run_1`;
  expect(await client.connection.pttl(key)).toBeGreaterThan(STEPS_MS - 60_000);
  await client.connection.rpush(key, 'garbage', '{}', '[1]');
  expect(await store.read(tenant, 'run_1' as RunId, 10)).toEqual([step]);
});
