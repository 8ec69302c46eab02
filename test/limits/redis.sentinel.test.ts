import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisStore } from '../../src/limits/redis-store.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';
import { asks, claim, freshTenant } from './ledger.ts';
import { HAS_SERVER, startSentinel, until, type WatchedRedis } from './servers.ts';

describe.runIf(HAS_SERVER)('a redis behind a sentinel', () => {
  let servers: WatchedRedis;
  beforeAll(async () => {
    servers = await startSentinel();
  });
  afterAll(() => servers.stop());

  // The host of the url does not count: nothing listens there.
  const connect = () =>
    connected({ url: 'redis://127.0.0.1:1', sentinel: { name: 'ledger', nodes: [servers.sentinel] } });

  ledgerContract('redis behind a sentinel', async (clock) => redisStore({ client: await connect(), clock }));

  test('goes on with its replica when the master has gone, and what was held still is', async () => {
    const store = redisStore({ client: await connect() });
    const tenant = freshTenant();
    await store.admit(asks(tenant, [claim({ ask: 60 })]));
    await servers.nodes[0]?.kill();
    await expect(store.admit(asks(tenant, [claim()]))).rejects.toMatchObject({ code: 'limit.unavailable' });
    await until('the replica serves', async () => {
      const answer = await store.admit(asks(tenant, [claim({ ask: 50 })])).catch(() => undefined);
      if (answer) expect(answer).toMatchObject({ kind: 'exceeded', states: [{ held: 60 }] });
      return answer !== undefined;
    });
    await store.close();
  });
});
