import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CallId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisJournal } from '../../src/runs/journal-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant } from '../limits/ledger.ts';
import { beginning, DONE, KEEP, LEASE, place, ROOT } from './journal-calls.ts';
import { journalContract } from './journal-contract.ts';

let client: RedisClient;
beforeAll(async () => void (client = await connected({ url: inject('redisUrl') })));
afterAll(() => client.close());

journalContract('redis', async (clock) => redisJournal({ client, clock }));

describe('the journal in redis', () => {
  test('keeps time by its server where no clock is given', async () => {
    const store = redisJournal({ client });
    const at = place({ tenant: freshTenant() });
    await store.begin(beginning(at, { leaseMs: 50 }));
    const other = beginning({ ...at, call: 'call_2' as CallId });
    expect(await store.begin(other)).toEqual({ kind: 'running' });
    await expect.poll(() => store.begin(other)).toEqual({ kind: 'unknown' });
  });

  test('writes under the hash tag of the tenant, and nothing that stays for ever', async () => {
    const store = redisJournal({ client });
    const at = place({ tenant: freshTenant() });
    await store.begin(beginning(at));
    await store.finish(at, DONE, KEEP);
    const keys = (await client.connection.keys(`wg:{${at.tenant}}:*`)).toSorted();
    expect(keys).toEqual([`wg:{${at.tenant}}:journal-of:${ROOT}`, `wg:{${at.tenant}}:journal:entry`]);
    for (const key of keys) {
      const ttl = await client.connection.pttl(key);
      expect(ttl).toBeGreaterThan(KEEP - 60_000);
      expect(ttl).toBeLessThanOrEqual(KEEP);
    }
  });

  test('of fifty calls with one key, one is new', async () => {
    const store = redisJournal({ client });
    const tenant = freshTenant();
    const calls = Array.from({ length: 50 }, (_, index) => place({ tenant, call: `call_${index}` as CallId }));
    const begun = await Promise.all(calls.map((at) => store.begin(beginning(at))));
    expect(begun.filter(({ kind }) => kind === 'new')).toHaveLength(1);
    expect(begun.filter(({ kind }) => kind === 'running')).toHaveLength(49);
  });

  test('another process is told what one wrote that has died since: unknown, after its lease', async () => {
    const second = await connected({ url: inject('redisUrl') });
    const at = place({ tenant: freshTenant() });
    const dying = await connected({ url: inject('redisUrl') });
    await redisJournal({ client: dying }).begin(beginning(at, { leaseMs: 200 }));
    dying.close();
    const store = redisJournal({ client: second });
    const repeat = beginning({ ...at, call: 'call_2' as CallId });
    expect(await store.begin(repeat)).toEqual({ kind: 'running' });
    await expect.poll(() => store.begin(repeat)).toEqual({ kind: 'unknown' });
    second.close();
  });

  test('refuses where the store does not answer, with the cause for the log', async () => {
    const at = place({ tenant: freshTenant() });
    await client.connection.set(`wg:{${at.tenant}}:journal:entry`, 'garbage');
    const refused = redisJournal({ client }).begin(beginning(at, { leaseMs: LEASE }));
    await expect(refused).rejects.toMatchObject({
      code: 'limit.unavailable',
      cause: { message: expect.stringContaining('WRONGTYPE') },
    });
    await expect(refused).rejects.toThrow('the journal cannot be asked');
  });
});
