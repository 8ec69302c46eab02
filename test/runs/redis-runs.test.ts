import { afterAll, describe, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/limits/redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, testClock } from '../limits/ledger.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { runsContract } from './contract.ts';
import { admitIn, inRedis, stopBy } from './stores.ts';

const clients: RedisClient[] = [];
async function connect(): Promise<RedisClient> {
  const client = await connected({ url: inject('redisUrl') });
  clients.push(client);
  return client;
}

runsContract('redis', async (clock) => inRedis(await connect(), clock));

describe('runs in redis', () => {
  afterAll(() => {
    for (const client of clients) client.close();
  });

  test('are shared by all gateways, and what one stops no other admits', async () => {
    const [one, other] = [inRedis(await connect(), testClock()), inRedis(await connect(), testClock())];
    const [tenant, root] = [freshTenant(), rootRun('run_a')];
    await admitIn(one.ledger, tenant, root);
    expect(await admitIn(other.ledger, tenant, childRun(root, 'run_b'))).toMatchObject({ kind: 'admitted' });
    await one.runs.stop({ tenant, root: root.id, run: root.id }, stopBy('killed'));
    expect(await admitIn(other.ledger, tenant, root)).toMatchObject({ kind: 'moved' });
    expect((await other.runs.tree(tenant, root.id)).runs).toHaveLength(2);
  });

  test('a run that the store has forgotten is told anew how it began', async () => {
    const client = await connect();
    const { ledger, runs } = inRedis(client, testClock());
    const [tenant, root] = [freshTenant(), rootRun('run_a')];
    await admitIn(ledger, tenant, root);
    await client.connection.del(`wg:{${tenant}}:run:run_a`);
    expect(await admitIn(ledger, tenant, root)).toMatchObject({ kind: 'admitted' });
    expect(await runs.run(tenant, root.id)).toMatchObject({ path: ['run_a'], steps: 1 });
  });

  test('take at most 2 KB each, with all that is kept for them', async () => {
    const client = await connect();
    const { ledger } = inRedis(client, testClock());
    const [tenant, root] = [freshTenant(), rootRun('run_0123456789abcdef01234567')];
    let run = root;
    for (let depth = 0; depth < 8; depth += 1) {
      run = childRun(run, `run_${depth}23456789abcdef01234567`, {
        name: 'a-sub-agent-with-a-long-name-of-sixty-characters-0123456789',
      });
      for (const action of ['model.generate', 'tool.call', 'model.embed'] as const)
        await admitIn(ledger, tenant, run, { action });
    }
    const key = `wg:{${tenant}}:run:${run.id}`;
    const bytes = Number(await client.connection.memory('USAGE', key));
    const nodes = Number(await client.connection.memory('USAGE', `wg:{${tenant}}:nodes:${root.id}`)) / 8;
    expect(bytes + nodes).toBeLessThan(2_048);
  });
});
