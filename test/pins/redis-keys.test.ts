import { readFileSync } from 'node:fs';
import { describe, expect, inject, test } from 'vitest';
import { redisAnchors } from '../../src/audit/redis.ts';
import type { CallId, RunId } from '../../src/core/ids.ts';
import { connectRedis } from '../../src/limits/redis.ts';
import { runKeys } from '../../src/core/store-keys.ts';
import { tenantKeys } from '../../src/limits/redis-keys.ts';
import { EVERYTHING } from '../../src/runs/store.ts';
import type { Claim } from '../../src/limits/store.ts';
import { approvalKeys } from '../../src/runs/approval-keys.ts';
import { expectPinned } from './pinned.ts';

const PAGE = readFileSync(new URL('../../docs/redis-keys.md', import.meta.url), 'utf8');

function claim(window: Claim['window']): Claim {
  const key = 'research/pace:requests:agent=ci bot';
  return { key, unit: 'requests', ask: 1, limit: 2, window, enforced: true, mode: 'spend' };
}

describe('keys in Redis', () => {
  test('of a tenant, all with its hash tag', () => {
    const { generation, leases, reservation, counter } = tenantKeys('acme corp');
    expectPinned(
      [
        generation,
        leases,
        reservation('call_1' as CallId),
        counter(claim({ kind: 'rolling', ms: 60_000 })),
        counter(claim({ kind: 'calendar', startMs: 0, endMs: 1 })),
        counter(claim({ kind: 'none' })),
        counter(claim({ kind: 'life' })),
      ],
      [
        'wg:{acme%20corp}:generation',
        'wg:{acme%20corp}:leases',
        'wg:{acme%20corp}:call:call_1',
        'wg:{acme%20corp}:counter:research/pace:requests:agent=ci%20bot:60000',
        'wg:{acme%20corp}:counter:research/pace:requests:agent=ci%20bot:calendar',
        'wg:{acme%20corp}:counter:research/pace:requests:agent=ci%20bot:none',
        'wg:{acme%20corp}:counter:research/pace:requests:agent=ci%20bot:life',
      ],
    );
  });

  test('of a tenant without a name have a tag too', () => {
    expectPinned(tenantKeys('').leases, 'wg:{%}:leases');
  });

  test('of runs', () => {
    const { tree, run, nodes, roots, stops } = runKeys('acme corp');
    expectPinned(
      [tree('run_0' as RunId), run('run_1' as RunId), nodes('run_0' as RunId), roots, stops, runKeys(EVERYTHING).stops],
      [
        'wg:{acme%20corp}:tree:run_0',
        'wg:{acme%20corp}:run:run_1',
        'wg:{acme%20corp}:nodes:run_0',
        'wg:{acme%20corp}:roots',
        'wg:{acme%20corp}:stops',
        'wg:{%all}:stops',
      ],
    );
  });

  test('of approvals', () => {
    const { all, approval, of, pending } = approvalKeys('acme corp');
    expectPinned(
      [all, approval('appr_1'), of('0a1b'), pending('run_0' as RunId)],
      [
        'wg:{acme%20corp}:approvals',
        'wg:{acme%20corp}:approval:appr_1',
        'wg:{acme%20corp}:approval-of:0a1b',
        'wg:{acme%20corp}:approvals-pending:run_0',
      ],
    );
  });

  test('of the audit', async () => {
    // A database that no other test uses.
    const client = connectRedis({ url: `${inject('redisUrl').replace(/\/$/, '')}/10` });
    await client.connected();
    await client.connection.flushdb();
    await redisAnchors(client.connection).put({ chain: 'gw-1', seq: 7, hash: 'a'.repeat(64) }, 5);
    const keys = await client.connection.keys('*');
    const value = await client.connection.get('wg:audit:head:gw-1');
    client.close();
    expectPinned({ keys, value }, { keys: ['wg:audit:head:gw-1'], value: `7 ${'a'.repeat(64)} 5` });
  });

  test('are those of docs/redis-keys.md, and no others', () => {
    const documented = [...PAGE.matchAll(/^\| `(wg:[^`]*)` /gm)].map((match) => match[1]);
    expectPinned(documented, [
      'wg:{tenant}:generation',
      'wg:{tenant}:counter:<limit>:<window>',
      'wg:{tenant}:call:<id>',
      'wg:{tenant}:leases',
      'wg:{tenant}:tree:<root>',
      'wg:{tenant}:run:<id>',
      'wg:{tenant}:nodes:<root>',
      'wg:{tenant}:roots',
      'wg:{tenant}:stops',
      'wg:{%all}:stops',
      'wg:signing:keys',
      'wg:{tenant}:grant:<hash>',
      'wg:revoked',
      'wg:dpop:<key>:<hash>',
      'wg:{tenant}:use:<digest>',
      'wg:{tenant}:uses:<digest>',
      'wg:{tenant}:steps:<run>',
      'wg:{tenant}:loops:<root>',
      'wg:{tenant}:approval:<id>',
      'wg:{tenant}:approval-of:<binding>',
      'wg:{tenant}:approvals',
      'wg:{tenant}:approvals-pending:<root>',
      'wg:audit:head:<chain>',
      'wg:{tenant}:journal:<entry>',
      'wg:{tenant}:journal-of:<root>',
    ]);
  });

  test('are written by the scripts that the page names', () => {
    const owners = new Set([...PAGE.matchAll(/`([\w-]+\.lua)`/g)].map((match) => match[1] ?? ''));
    expect(owners.size).toBeGreaterThan(0);
    for (const owner of owners) {
      const folder = /^(approval|journal|stop)/.test(owner) ? 'runs' : 'limits';
      const script = readFileSync(new URL(`../../src/${folder}/scripts/${owner}`, import.meta.url), 'utf8');
      expect(script).toMatch(/redis\.call\('(SET|HSET|ZADD)'/);
    }
  });
});
