// A slice of what run.ts does at length: the same worlds for the same seeds.
import { describe, expect, test } from 'vitest';
import type { AdmitRequest, Claim, LedgerStore } from '../../../src/limits/store.ts';
import { simulate } from './simulation/simulate.ts';

const WORLDS = 24;
const OPERATIONS = 2_000;

/** The first found what these hold: charges of crashed calls lost at the end of a calendar period. */
const ONCE_RED = [36, 32, 133, 316];

async function firstViolation(spoil: (store: LedgerStore) => LedgerStore): Promise<string | undefined> {
  for (let seed = 1; seed <= 12; seed += 1) {
    const { violations } = await simulate({ seed, operationsMax: OPERATIONS, spoil });
    if (violations[0]) return violations[0];
  }
  return undefined;
}

function withClaims(request: AdmitRequest, change: (claim: Claim) => Claim): AdmitRequest {
  return { ...request, chain: request.chain.map((link) => ({ ...link, claims: link.claims.map(change) })) };
}

describe('the ledger, simulated', () => {
  test('keeps its promises in every world', { timeout: 60_000 }, async () => {
    const seeds = [...ONCE_RED, ...Array.from({ length: WORLDS }, (_, index) => 1_000 + index)];
    let total = 0;
    for (const seed of seeds) {
      const { violations, operations } = await simulate({ seed, operationsMax: OPERATIONS });
      expect(violations, `seed ${seed}`).toEqual([]);
      total += operations;
    }
    expect(total).toBeGreaterThan(40_000);
  });

  test('does the same for the same seed, and something else for another', async () => {
    const [first, again, other] = [
      await simulate({ seed: 7, operationsMax: 500 }),
      await simulate({ seed: 7, operationsMax: 500 }),
      await simulate({ seed: 8, operationsMax: 500 }),
    ];
    expect(again).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
  });
});

describe('the oracle notices a ledger that', () => {
  test.each<readonly [string, RegExp, (store: LedgerStore) => LedgerStore]>([
    [
      'lets one more through than the limit',
      /passes the limit/,
      (store) => ({
        ...store,
        admit: (request) => store.admit(withClaims(request, (claim) => ({ ...claim, limit: claim.limit + 1 }))),
      }),
    ],
    [
      'refuses what still fits',
      /refused without need/,
      (store) => ({
        ...store,
        admit: (request) => store.admit(withClaims(request, (claim) => ({ ...claim, limit: claim.limit - 1 }))),
      }),
    ],
    [
      'books less than was used',
      /settled and not/,
      (store) => ({
        ...store,
        settle: (request) => store.settle({ ...request, actual: request.actual.map((used) => Math.max(0, used - 1)) }),
      }),
    ],
    [
      'takes a settlement for a release',
      /settled and not/,
      (store) => ({ ...store, settle: ({ tenant, call }) => store.release(tenant, call) }),
    ],
    [
      'knows a call again only by its first question',
      /holds \d+ and not|settled and not|answered/,
      (store) => {
        let asked = 0;
        return {
          ...store,
          admit: (request) =>
            store.admit({ ...request, call: `${request.call}#${(asked += 1)}` as typeof request.call }),
        };
      },
    ],
    [
      'lets leases stand for twice as long',
      /answered|holds \d+ and not|settled and not|without need/,
      (store) => ({ ...store, admit: (request) => store.admit({ ...request, leaseMs: 2 * request.leaseMs }) }),
    ],
    ['forgets to renew', /answered|lapsed|holds \d+ and not/, (store) => ({ ...store, renew: async () => {} })],
  ])('%s', { timeout: 60_000 }, async (_, words, spoil) => {
    expect(await firstViolation(spoil)).toMatch(words);
  });
});
