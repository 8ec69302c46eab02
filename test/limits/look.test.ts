import { expect, test } from 'vitest';
import { lookAt } from '../../src/limits/look.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { BUDGET, permitted, quota } from './calls.ts';
import { asks, claim, testClock } from './ledger.ts';

const clock = testClock();
const TOKENS = quota({ id: 'p/tokens', unit: 'tokens', amount: 100 });
const looking = (tenant: string) => ({ access: permitted({ quotas: [], tenant }).access, nowMs: clock.now() });

test('says where the limits of a caller stand, and changes nothing', async () => {
  const store = memoryStore({ clock });
  await store.admit(asks('t', [claim({ key: 'p/tokens:tokens', ask: 30, mode: 'spend' })]));
  for (let i = 0; i < 3; i += 1) {
    expect(await lookAt(store, { ...looking('t'), quotas: [TOKENS] })).toMatchObject([
      { quota: TOKENS, remaining: 70 },
    ]);
  }
});

test('leaves out what counts apart for each model, tool or upstream, and births', async () => {
  const store = memoryStore({ clock });
  const apart = [quota({ per: ['model'] }), quota({ per: ['upstream'] }), quota({ kind: 'children', unit: 'runs' })];
  expect(await lookAt(store, { ...looking('t'), quotas: apart })).toEqual([]);
});

test('knows nothing of a tenant whose ledger is lost', async () => {
  const store = { admit: async () => ({ kind: 'lost' }) } as unknown as LedgerStore;
  expect(await lookAt(store, { ...looking('t'), quotas: [BUDGET] })).toEqual([]);
});
