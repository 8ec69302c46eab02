import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { proofMemory } from '../../src/identity/proof-memory.ts';
import { HandClock } from './issuer.ts';

const seen = (digest: string, proofKey = 'k') => ({ proofKey, digest, forMs: 100 });

test('a proof is new once for its key, and another key’s is its own', () => {
  const isFirst = proofMemory(new HandClock(), { windowMs: 100 });
  expect([isFirst(seen('a')), isFirst(seen('a')), isFirst(seen('a', 'other'))]).toEqual([true, false, true]);
});

test('nothing is forgotten while it could be shown again, and all is in time', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 250 }), fc.nat({ max: 5 })), { maxLength: 60 }), (shown) => {
      const clock = new HandClock();
      const isFirst = proofMemory(clock, { windowMs: 100 });
      const lastFirst = new Map<string, number>();
      for (const [gap, id] of shown) {
        clock.ms += gap;
        const name = String(id);
        const before = lastFirst.get(name) ?? -Infinity;
        const first = isFirst(seen(name));
        if (clock.ms - before < 100) expect(first).toBe(false);
        if (clock.ms - before >= 300) expect(first).toBe(true);
        if (first) lastFirst.set(name, clock.ms);
      }
    }),
  );
});

test('a memory that is full takes no more, rather than forget', () => {
  const clock = new HandClock();
  const isFirst = proofMemory(clock, { windowMs: 100, max: 2 });
  void [isFirst(seen('a')), isFirst(seen('b'))];
  expect(() => isFirst(seen('c'))).toThrow(expect.objectContaining({ code: 'identity.unavailable' }));
  expect(isFirst(seen('a'))).toBe(false);
  clock.ms += 100;
  expect(isFirst(seen('c'))).toBe(true);
});
