import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { outcomeEntry, permitEntry } from '../../src/audit/entry.ts';
import { openAudit } from '../../src/audit/log.ts';
import { auditSchema } from '../../src/audit/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { quota } from '../limits/calls.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant } from '../limits/ledger.ts';
import { ANA, chatCall, METERED, recordOf } from '../telemetry/calls.ts';
import { folder, run } from './run.ts';

const CONFIG = (store: string, dir: string): string => `version: 1
upstreams: { up: { protocol: openai, url: http://127.0.0.1:1/v1 } }
store: ${store}
audit: { dir: ${dir}/audit }
`;
const POLICY = `policy: team
rules: [{ id: all, allow: model.generate }]
limits:
  - { id: month, budget: 5 USD, every: month, per: model }
  - { id: pace, rate: 60/min, per: agent }
`;

/** A database of its own: the heads of other tests' chains are none that are missing here. */
const REDIS = `${inject('redisUrl')}/8`;

let client: RedisClient;
beforeAll(async () => void (client = await connected({ url: REDIS })));
afterAll(() => client.close());

/** A gateway's folder: its configuration, policies, and the audit of two calls of a tenant, one of them unended. */
async function gateway(tenant: string, store = `{ kind: redis, url: "${REDIS}" }`): Promise<string> {
  const dir = folder({ 'policies/team.yaml': POLICY });
  writeFileSync(join(dir, 'waygate.yaml'), CONFIG(store, dir));
  const config = auditSchema.parse({ dir: join(dir, 'audit') });
  const log = await openAudit({ config, clock: systemClock, instance: 'gw' });
  const standings = ['team/month', 'team/pace', 'team/gone'].map((id) => ({
    quota: quota({ id }),
    remaining: 1,
    resetMs: 0,
  }));
  for (const id of ['call_1', 'call_2']) {
    const access = { ...chatCall().access, principal: { ...ANA, tenant } };
    const call = { ...chatCall({ access }), id: id as CallId } as PermittedCall;
    const atMs = Date.now();
    await log.append(permitEntry(call, { atMs, traceId: '', quote: { tokens: 9, money: 700 as never }, standings }));
    if (id === 'call_1') await log.append(outcomeEntry(recordOf(call, { metered: METERED, endedAtMs: atMs }), ''));
  }
  await log.close();
  return dir;
}

const rebuild = (dir: string, ...rest: string[]) =>
  run('ledger', 'rebuild', '--config', join(dir, 'waygate.yaml'), ...rest);
const markerOf = (tenant: string) => client.connection.get(`wg:{${tenant}}:generation`);

describe('waygate ledger rebuild', () => {
  test('counts what the audit says, under the limits that are still there, and opens the tenant', async () => {
    const tenant = freshTenant();
    const dir = await gateway(tenant);
    const { code, out, err } = await rebuild(dir, '--tenant', tenant);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const spent = METERED.charge.money + 700;
    expect(out.split('\n')).toEqual([
      `${tenant}: team/month:money:month@UTC:model=openai/gpt-5:calendar ${spent} of 5000000 micro-USD`,
      `${tenant}: team/pace:requests:agent=researcher:60000 2 of 60 requests`,
      `${tenant}: 2 counters were rebuilt from the audit`,
    ]);
    expect(await markerOf(tenant)).toMatch(/^rebuilt:\d+:/);
    expect(
      await client.connection.hget(`wg:{${tenant}}:counter:team/pace:requests:agent=researcher:60000`, 'settled'),
    ).toBe('2');
  });

  test('with --dry-run nothing is written', async () => {
    const tenant = freshTenant();
    const { code, out } = await rebuild(await gateway(tenant), '--all', '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/: 2 counters would be rebuilt from the audit$/);
    expect(await client.connection.keys(`wg:{${tenant}}:*`)).toEqual([]);
  });

  test('an audit that was tampered with opens nothing', async () => {
    const tenant = freshTenant();
    const dir = await gateway(tenant);
    const file = join(dir, 'audit', readdirSync(join(dir, 'audit'))[0] as string);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"usdMicros":700', '"usdMicros":1'));
    const { code, err } = await rebuild(dir, '--tenant', tenant);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'the audit was tampered with, or is not all here; `waygate audit verify` says what is wrong with it',
    });
    expect(await markerOf(tenant)).toBeNull();
  });

  test('a line that a crash has torn does not stand in the way', async () => {
    const tenant = freshTenant();
    const dir = await gateway(tenant);
    appendFileSync(join(dir, 'audit', readdirSync(join(dir, 'audit'))[0] as string), '{"seq":9,"at"');
    expect((await rebuild(dir, '--tenant', tenant)).code).toBe(0);
  });

  test('an audit that cannot be read is named', async () => {
    const dir = await gateway(freshTenant());
    const { code, err } = await rebuild(dir, join(dir, 'nowhere'), '--all');
    expect({ code, err }).toEqual({ code: 1, err: 'the audit cannot be read (ENOENT)' });
  });

  test('a ledger in memory cannot be rebuilt', async () => {
    const dir = await gateway(freshTenant(), '{ kind: memory }');
    const { code, err } = await rebuild(dir, '--all');
    expect(code).toBe(1);
    expect(err).toContain('is in memory, and gone with its process');
  });

  test.each([[[]], [['--all', '--tenant', 'acme']]])('called with %j it says how it is called', async (words) => {
    const { code, err } = await rebuild(folder(), ...words);
    expect(code).toBe(2);
    expect(err).toContain('expected `--tenant NAME` or `--all`');
  });
});
