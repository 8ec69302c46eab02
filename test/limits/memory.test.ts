import { expect, test } from 'vitest';
import { ENDED_MS } from '../../src/limits/bounds.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import { ledgerContract } from './contract.ts';
import { asks, claim, concurrency, DAY, HOUR, MINUTE, testClock } from './ledger.ts';

ledgerContract('memory', (clock) => memoryStore({ clock }));

test('memory forgets calls that have ended and counters that no longer count, while others go on', async () => {
  const clock = testClock();
  const store = memoryStore({ clock });
  const busy = claim({ key: 'busy', ask: 1, limit: 1_000_000, mode: 'spend' });
  for (let i = 0; i < 500; i += 1) {
    const request = asks('t', [claim({ key: `caller-${i}` }), concurrency(1_000)]);
    await store.admit(request);
    await store.settle({ tenant: 't', call: request.call, actual: [5, 1] });
  }
  expect(store.size()).toBeGreaterThan(1_000);
  clock.advance(ENDED_MS);
  await store.admit(asks('t', [busy]));
  expect(store.size()).toBeLessThan(510);
  clock.advance(2 * DAY);
  for (let i = 0; i < 150; i += 1) await store.admit(asks('t', [busy]));
  expect(store.size()).toBeLessThan(160);
});

test('memory keeps a counter for as long as a call stands in it', async () => {
  const clock = testClock();
  const store = memoryStore({ clock });
  const renewed = asks('t', [claim({ ask: 0 })], { leaseMs: HOUR });
  await store.admit(renewed);
  await store.admit(asks('t', [concurrency(1)], { leaseMs: 9 * DAY }));
  for (let i = 0; i < 60; i += 1) {
    clock.advance(HOUR - MINUTE);
    await store.renew('t', [renewed.call], HOUR);
    await store.admit(asks('t', [claim({ key: 'other', ask: 0, mode: 'spend' })]));
  }
  expect(await store.admit(asks('t', [concurrency(1)]))).toMatchObject({ kind: 'exceeded' });
  await store.admit(asks('t', [claim({ ask: 30, mode: 'spend' })]));
  expect(await store.settle({ tenant: 't', call: renewed.call, actual: [60] })).toBe(true);
  expect(await store.admit(asks('t', [claim({ ask: 20 })]))).toMatchObject({ states: [{ settled: 90 }] });
});

test('memory forgets a tenant when nothing of it counts, whoever calls next', async () => {
  const clock = testClock();
  const store = memoryStore({ clock });
  for (let i = 0; i < 100; i += 1) await store.admit(asks(`tenant-${i}`, [claim()]));
  clock.advance(3 * DAY);
  for (let i = 0; i < 100; i += 1) await store.admit(asks('next', [claim({ ask: 0, mode: 'spend' })]));
  expect(store.size()).toBeLessThan(110);
  clock.advance(ENDED_MS);
  await store.admit(asks('next', [claim({ ask: 0, mode: 'spend' })]));
  expect(store.size()).toBe(3);
});

test('memory that is closed holds nothing', async () => {
  const store = memoryStore({ clock: testClock() });
  await store.admit(asks('t', [claim()]));
  await store.close();
  expect(store.size()).toBe(0);
});
