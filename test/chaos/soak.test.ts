// A slice of `npm run soak`: short, but what each call leaves behind shows in it.
import { describe, expect, inject, test } from 'vitest';
import { slopeOf } from '../soak/slope.ts';
import { soak } from '../soak/soak.ts';
import { isLinux } from '../support/proc.ts';

const CALLS = 3_600;
const WARM_UP = 1_500;
const MEGABYTE = 1_048_576;
/** Bytes of heap a call. What V8 still compiles and what is remembered up to a bound were 300; a leak of 1 KB comes on top. */
const LEAK_MAX = 700;

describe.runIf(isLinux && inject('redisIsReal'))('mixed traffic with 1 % faults', () => {
  test('leaves nothing behind: no heap, no files, nothing reserved; and the ledger and the audit agree', async () => {
    const { before, samples, after, verdicts } = await soak({
      length: CALLS,
      step: 150,
      unit: 'calls',
      callsPerSecond: 400,
      seed: 1,
      fillsFirst: false,
    });
    const steady = samples.filter(({ calls }) => calls >= WARM_UP);
    const { perUnit, within } = slopeOf(steady.map(({ calls, heap }) => [calls, heap * MEGABYTE] as const));
    expect(perUnit + within).toBeLessThan(LEAK_MAX);
    expect(after.files).toBeLessThanOrEqual(before.files + 16);
    expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  }, 300_000);
});
