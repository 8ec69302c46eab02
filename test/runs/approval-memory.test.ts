import { expect, test } from 'vitest';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import { KEPT_MS, OF_TENANT_MAX } from '../../src/runs/approval-store.ts';
import type { RunId } from '../../src/core/ids.ts';
import { testClock } from '../limits/ledger.ts';
import { approvalContract } from './approval-contract.ts';
import { approver, asks, HOUR, summary, terms } from './approvals.ts';

approvalContract('memory', (clock) => memoryApprovals({ clock }));

test('memory forgets an approval a week after it can change nothing any more', async () => {
  const clock = testClock();
  const store = memoryApprovals({ clock });
  const request = asks('acme');
  await store.request(request);
  await store.decide('acme', request.id, approver('bob', { verdict: 'deny' }));
  clock.advance(HOUR + KEPT_MS - 1);
  await store.request(asks('acme', { binding: 'other' }));
  expect(await store.get('acme', request.id)).toMatchObject({ state: 'denied' });
  clock.advance(1);
  await store.request(asks('acme', { binding: 'another' }));
  expect(await store.get('acme', request.id)).toBeUndefined();
  expect(await store.request(asks('acme'))).toMatchObject({ isNew: true });
});

test('memory holds no more than a tenant may have', async () => {
  const clock = testClock();
  const store = memoryApprovals({ clock });
  const ask = (at: number) =>
    store.request(
      asks('acme', {
        binding: `b${at}`,
        terms: terms({ expiresMs: HOUR }),
        summary: summary({ root: `run_${at % 1_000}` as RunId }),
      }),
    );
  // Nothing waits any more of what was asked for an hour ago, and all of it is remembered.
  for (let at = 0; at < OF_TENANT_MAX; at += 1) {
    if (at % 1_000 === 0) clock.advance(1);
    expect((await ask(at)).kind).toBe('stands');
  }
  expect(await ask(OF_TENANT_MAX)).toEqual({ kind: 'full', of: 'tenant' });
  expect((await store.request(asks('other'))).kind).toBe('stands');
  clock.advance(HOUR + KEPT_MS);
  expect((await ask(OF_TENANT_MAX)).kind).toBe('stands');
}, 120_000);
