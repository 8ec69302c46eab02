import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisApprovals } from '../../src/runs/approval-redis.ts';
import { KEPT_MS, OF_TENANT_MAX } from '../../src/runs/approval-store.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant } from '../limits/ledger.ts';
import { HAS_SERVER } from '../limits/servers.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { approvalContract } from './approval-contract.ts';
import { approver, asks, callId, HOUR, terms } from './approvals.ts';

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

approvalContract('Redis', (clock) => redisApprovals({ client, clock }));

describe('approvals in Redis', () => {
  test('go by the clock of the server where no other is given', async () => {
    const tenant = freshTenant();
    const store = redisApprovals({ client });
    const request = asks(tenant);
    const asked = await store.request(request);
    const { askedAtMs } = (asked as Extract<typeof asked, { kind: 'stands' }>).approval;
    expect(Math.abs(askedAtMs - Date.now())).toBeLessThan(60_000);
  });

  test('are decided in one process and used in another', async () => {
    const tenant = freshTenant();
    const request = asks(tenant);
    await redisApprovals({ client }).request(request);
    const other = await connected({ url: inject('redisUrl') });
    await redisApprovals({ client: other }).decide(tenant, request.id, approver());
    other.close();
    const third = await connected({ url: inject('redisUrl') });
    const calls = [client, third].flatMap((one) =>
      Array.from({ length: 100 }, () => redisApprovals({ client: one }).use(tenant, request.id, callId())),
    );
    expect((await Promise.all(calls)).filter(({ isUsed }) => isUsed)).toHaveLength(1);
    third.close();
  });

  test('live a week beyond their meaning, and all keys of a tenant have its tag', async () => {
    const tenant = freshTenant();
    const store = redisApprovals({ client });
    const request = asks(tenant);
    await store.request(request);
    const lives = async () => {
      const keys = await client.connection.keys(`wg:{${tenant}}:*`);
      const ms = await Promise.all(keys.map((key) => client.connection.pttl(key)));
      return Object.fromEntries(keys.map((key, index) => [key.slice(key.indexOf('}:') + 2), ms[index] as number]));
    };
    const before = await lives();
    expect(Object.keys(before).sort()).toEqual([
      `approval-of:${request.binding}`,
      `approval:${request.id}`,
      'approvals',
      'approvals-pending:run_0',
    ]);
    for (const life of Object.values(before)) expect(life).toBeGreaterThan(24 * HOUR + KEPT_MS - 60_000);
    await store.decide(tenant, request.id, approver());
    const after = await lives();
    expect(after['approvals-pending:run_0']).toBeUndefined();
    expect(after[`approval:${request.id}`]).toBeLessThanOrEqual(HOUR + KEPT_MS);
    expect(after[`approval:${request.id}`]).toBeGreaterThan(KEPT_MS);
  });

  test('that serve longer than they waited keep the list of all alive', async () => {
    const tenant = freshTenant();
    const store = redisApprovals({ client });
    const request = asks(tenant, { terms: terms({ expiresMs: HOUR, grantMs: 10 * 24 * HOUR }) });
    await store.request(request);
    await store.decide(tenant, request.id, approver());
    for (const name of ['approvals', `approval:${request.id}`, `approval-of:${request.binding}`]) {
      const life = await client.connection.pttl(`wg:{${tenant}}:${name}`);
      expect(life).toBeGreaterThan(10 * 24 * HOUR + KEPT_MS - HOUR);
    }
  });

  test('a tenant has no more than it may, and what has lapsed makes room', async () => {
    const tenant = freshTenant();
    const store = redisApprovals({ client });
    const key = (name: string): string => `wg:{${tenant}}:${name}`;
    const ids = Array.from({ length: OF_TENANT_MAX }, (_, at) => `appr_${at}`);
    await client.connection.zadd(key('approvals'), ...ids.flatMap((id, at) => [at, id]));
    const oldest = ids.slice(0, 16).map((id) => key(`approval:${id}`));
    for (const one of oldest) await client.connection.hset(one, 'asked', '1');
    expect(await store.request(asks(tenant))).toEqual({ kind: 'full', of: 'tenant' });
    await client.connection.del(...oldest);
    expect((await store.request(asks(tenant))).kind).toBe('stands');
    expect(await client.connection.zcard(key('approvals'))).toBe(OF_TENANT_MAX - 15);
  });

  test('that cannot be asked for refuse the call', async () => {
    const broken = { run: () => Promise.reject(new Error('no answer within 150 ms')) };
    const store = redisApprovals({ client: broken });
    const refusal = { code: 'limit.unavailable', message: expect.stringContaining('approvals cannot be looked up') };
    await expect(store.request(asks('t'))).rejects.toMatchObject(refusal);
    await expect(store.use('t', 'appr_1', callId())).rejects.toMatchObject(refusal);
    await expect(store.decide('t', 'appr_1', approver())).rejects.toMatchObject(refusal);
    await expect(store.list('t', { count: 1 })).rejects.toMatchObject(refusal);
  });
});

describe.runIf(HAS_SERVER)('a server with persistence', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  });
  afterAll(() => server.stop());

  test('knows an approval, its votes and its uses after it was killed and started again', async () => {
    const request = asks('acme', { terms: { ...asks('acme').terms, uses: 2, approvers: 2 } });
    const first = callId();
    const session = async <T>(work: (store: ReturnType<typeof redisApprovals>) => Promise<T>): Promise<T> => {
      const one = await connected({ url: server.url });
      try {
        return await work(redisApprovals({ client: one }));
      } finally {
        one.close();
        await server.kill();
        await server.restart();
      }
    };
    await session((store) => store.request(request));
    await session((store) => store.decide('acme', request.id, approver('bob')));
    await session((store) => store.decide('acme', request.id, approver('cleo')));
    expect(await session((store) => store.use('acme', request.id, first))).toMatchObject({ isUsed: true });
    await session(async (store) => {
      expect(await store.use('acme', request.id, first)).toMatchObject({ isUsed: true, approval: { used: 1 } });
      expect(await store.use('acme', request.id, callId())).toMatchObject({ isUsed: true, approval: { used: 2 } });
      expect(await store.use('acme', request.id, callId())).toMatchObject({
        isUsed: false,
        approval: { state: 'used' },
      });
    });
  });
});
