import { describe, test } from 'vitest';
import type { CallId } from '../../src/core/ids.ts';
import { tenantKeys } from '../../src/limits/redis-keys.ts';
import type { Claim } from '../../src/limits/store.ts';
import { expectPinned } from './pinned.ts';

function claim(window: Claim['window']): Claim {
  return { key: 'p/pace|agent=ci', unit: 'requests', ask: 1, limit: 2, window, enforced: true, mode: 'spend' };
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
      ],
      [
        'wg:{acme%20corp}:generation',
        'wg:{acme%20corp}:leases',
        'wg:{acme%20corp}:call:call_1',
        'wg:{acme%20corp}:counter:p/pace%7Cagent=ci:60000',
        'wg:{acme%20corp}:counter:p/pace%7Cagent=ci:calendar',
        'wg:{acme%20corp}:counter:p/pace%7Cagent=ci:none',
      ],
    );
  });

  test('of a tenant without a name have a tag too', () => {
    expectPinned(tenantKeys('').leases, 'wg:{%}:leases');
  });
});
