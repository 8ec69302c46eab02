import { expect, test } from 'vitest';
import { USE_MS } from '../../src/runs/tool-use.ts';
import { memoryUses, memoryUseStore } from '../../src/runs/tool-use-memory.ts';
import { testClock } from '../limits/ledger.ts';
import { told } from './traffic.ts';
import { useContract } from './tool-use-contract.ts';

useContract('in memory', () => memoryUseStore(memoryUses({ clock: testClock() })));

test('a use is forgotten an hour after it was last heard of', () => {
  const clock = testClock();
  const uses = memoryUses({ clock });
  uses.tell('acme', told('a'));
  clock.advance(USE_MS - 1);
  expect(uses.known('acme', told('a'))).toEqual({ fate: 'known', name: 'Bash' });
  clock.advance(2);
  expect(uses.known('acme', told('a'))).toBeUndefined();
});
