// A slice of what run.ts does at length, on a real Redis and with the same faults.
import { describe, expect, test } from 'vitest';
import { HAS_SERVER } from '../../limits/servers.ts';
import { runHistory } from './history/run-history.ts';

describe.runIf(HAS_SERVER)('several gateways on one Redis, while everything fails', () => {
  test('leave a ledger that everything they were told agrees with', { timeout: 120_000 }, async () => {
    const { violations, operations, unknown, faults } = await runHistory({ seed: 20_261_201, operations: 5_000 });
    expect(violations).toEqual([]);
    expect(operations).toBeGreaterThanOrEqual(5_000);
    expect(unknown).toBeGreaterThan(0);
    expect(faults.size).toBeGreaterThan(2);
  });
});
