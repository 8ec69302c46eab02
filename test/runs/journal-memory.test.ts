import { expect, test } from 'vitest';
import type { CallId } from '../../src/core/ids.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { testClock } from '../limits/ledger.ts';
import { beginning, DONE, KEEP, place } from './journal-calls.ts';
import { journalContract } from './journal-contract.ts';

journalContract('memory', async (clock) => memoryJournal({ clock }));

test('the oldest answers make room for new ones, and their calls are still not carried out again', async () => {
  const store = memoryJournal({ clock: testClock() });
  const body = Buffer.alloc(262_144);
  const answer = { status: 200, headers: {}, body };
  const places = Array.from({ length: 257 }, (_, index) =>
    place({ entry: `entry-${index}`, call: `call_${index}` as CallId }),
  );
  for (const at of places) {
    await store.begin(beginning(at));
    await store.finish(at, { ...DONE, answer }, KEEP);
  }
  const again = 'call_again' as CallId;
  expect(await store.begin(beginning(place({ entry: 'entry-0', call: again })))).toEqual({ kind: 'large' });
  expect(await store.begin(beginning(place({ entry: 'entry-1', call: again })))).toEqual({ kind: 'recorded', answer });
});
