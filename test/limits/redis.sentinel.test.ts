import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import { reserver } from '../../src/limits/reserve.ts';
import type { RedisServer } from '../support/redis.ts';
import { admission, charge, permitted, quota } from './calls.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';
import { asks, claim, freshTenant, MINUTE, statesOf } from './ledger.ts';
import { HAS_SERVER, startSentinel, tell, until, type WatchedRedis } from './servers.ts';

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

  test('fails over once more: what routes let in by themselves meanwhile is in the ledger then, each call once', async () => {
    const [first, second] = servers.nodes as [RedisServer, RedisServer];
    await first.restart();
    // As the sentinel would have it, which may take its time: it looks at what has come back every ten seconds.
    await tell(first.port, (redis) => redis.replicaof('127.0.0.1', second.port));
    await until('the old master follows the new one', () =>
      tell(first.port, async (redis) => (await redis.info('replication')).includes('master_link_status:up')),
    );
    const store = redisStore({ client: await connect() });
    const limits = reserver({ store, clock: systemClock });
    const tenant = freshTenant();
    const tokens = quota({ unit: 'tokens', amount: 100_000 });
    const rate = { amount: 100_000, ms: MINUTE };
    const bounds = { name: 'up', rate, total: rate, budget: 1_000 as MicroUsd, forMs: MINUTE };
    const seen = { ledger: 0, local: 0, refused: 0 };
    const ask = async (): Promise<keyof typeof seen> => {
      const call = permitted({ quotas: [tokens], tenant });
      const reservation = await limits
        .admit(call, admission(charge(1, 1), { localBounds: () => bounds }))
        .catch(() => undefined);
      const by = !reservation ? 'refused' : reservation.call.localMode === 'up' ? 'local' : 'ledger';
      reservation?.settle(charge(1, 1));
      seen[by] += 1;
      return by;
    };
    await Promise.all(Array.from({ length: 50 }, ask));
    // A replica may lack the last writes of a master that is killed: that is bounded by Redis, not by Waygate.
    await until('the replica has all of it', async () => {
      const [written, read] = await Promise.all([first, second].map(({ port }) => tell(port, offsetOf)));
      return written === read;
    });
    await second.kill();
    await until('the replica serves', async () => (await Promise.all([ask(), ask(), ask()])).includes('ledger'));
    await until('the ledger has what it missed', async () => {
      const probe = asks(tenant, [claim({ key: 'research/pace:tokens', ask: 0, mode: 'spend', enforced: false })]);
      const [state] = statesOf(await store.admit(probe));
      return state?.settled === seen.ledger + seen.local && state.held === 0;
    });
    expect(seen.local).toBeGreaterThan(0);
    expect(limits.localSinceMs).toBeUndefined();
    await limits.close();
  }, 60_000);
});

/** How much of the replication log a server has written or read. */
async function offsetOf(redis: Redis): Promise<string | undefined> {
  const said = await redis.info('replication');
  return (/^slave_repl_offset:(\d+)/m.exec(said) ?? /^master_repl_offset:(\d+)/m.exec(said))?.[1];
}
