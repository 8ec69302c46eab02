// A slice of the fault programme for every run of the tests: the scenarios that touch most, in their short form.
// All of it, and longer: `npm run chaos`.
import { describe, expect, inject, test } from 'vitest';
import { SCENARIOS } from './table.ts';

const SLICE = ['F-R2', 'F-R6', 'F-R9', 'F-R11', 'F-A1', 'F-P2', 'F-T1'];
const TIMEOUT_MS = 180_000;
/** Printed where a scenario is red, so that `npm run chaos -- --only … --seed …` tries the same. */
const seed = Date.now() % 2 ** 31;

describe.runIf(inject('redisIsReal'))('the fault programme holds every invariant', () => {
  for (const { id, title, run } of SCENARIOS.filter((scenario) => SLICE.includes(scenario.id)))
    test(`${id}: ${title}`, { timeout: TIMEOUT_MS }, async ({ skip }) => {
      const { violations, skipped } = await run({ seed, long: false });
      if (skipped !== undefined) skip(skipped);
      expect(violations, `seed ${seed}`).toEqual([]);
    });
});
