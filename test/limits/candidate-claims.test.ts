import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { bookedOf, candidateClaims, without } from '../../src/limits/candidate-claims.ts';
import { claimsOf } from '../../src/limits/quota-claims.ts';
import { BUDGET, charge, permitted, quota } from './calls.ts';
import { NOON } from './ledger.ts';

const PER_MODEL = quota({ id: 'research/model', kind: 'budget', unit: 'money', per: ['model'] });
const PACE = quota({ id: 'research/pace', per: ['upstream'] });
const asking = { quote: charge(100, 900), nowMs: NOON };

const to = (upstream: string): PermittedCall =>
  permitted({ tenant: 't', quotas: [BUDGET, PER_MODEL, PACE], resource: `model/${upstream}/m` });
const asked = (preferred: string, ...others: readonly string[]): PermittedCall => ({
  ...to(preferred),
  fallbacks: others.map(to),
});

describe('the claims of a call with candidates', () => {
  test('are those of a call of one, where it has no other', () => {
    expect(candidateClaims(to('a'), asking)).toEqual(claimsOf(to('a'), asking));
  });

  test('are on every counter that any candidate falls under, once', () => {
    const upstreams = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2 });
    fc.assert(
      fc.property(upstreams, ([first = '', ...others]) => {
        const call = asked(first, ...others);
        const keys = candidateClaims(call, asking).map(({ claim }) => claim.key);
        const needed = [call, ...call.fallbacks].flatMap((one) => claimsOf(one, asking).map(({ claim }) => claim.key));
        expect(new Set(keys)).toEqual(new Set(needed));
        expect(keys).toHaveLength(new Set(keys).size);
      }),
    );
  });

  test('spend a request of the preferred one, and hold one of each other', () => {
    const modes = candidateClaims(asked('a', 'b'), asking).map(({ claim }) => `${claim.key} ${claim.mode}`);
    expect(modes).toContain('research/pace:requests:upstream=a spend');
    expect(modes).toContain('research/pace:requests:upstream=b hold');
  });
});

describe('what is booked', () => {
  const call = asked('a', 'b');
  const booked = (sent: PermittedCall | undefined): Record<string, number> =>
    Object.fromEntries(
      candidateClaims(call, asking).map((one) => [
        one.claim.key.replace(/:month@.*/, ''),
        bookedOf(one, { charge: charge(7, 40), sent: sent as PermittedCall }),
      ]),
    );

  test('is the charge where the answer came from, and nothing where it did not', () => {
    expect(booked(call)).toEqual({
      'research/month:money': 40,
      'research/model:money:model=a/m': 40,
      'research/pace:requests:upstream=a': 1,
      'research/model:money:model=b/m': 0,
      'research/pace:requests:upstream=b': 0,
    });
    expect(booked(call.fallbacks[0])).toEqual({
      'research/month:money': 40,
      'research/model:money:model=a/m': 0,
      'research/pace:requests:upstream=a': 0,
      'research/model:money:model=b/m': 40,
      'research/pace:requests:upstream=b': 1,
    });
  });
});

describe('a claim that is refused', () => {
  const call = asked('a', 'b', 'c');
  const claims = candidateClaims(call, asking);
  const left = (key: string): string[] | undefined => {
    const found = claims.find(({ claim }) => claim.key.startsWith(key));
    const rest = found && without(call, found);
    return rest && [rest, ...rest.fallbacks].map(({ access }) => access.resource.upstream);
  };

  test('leaves the candidates that it is not for', () => {
    expect(left('research/pace:requests:upstream=b')).toEqual(['a', 'c']);
    expect(left('research/pace:requests:upstream=a')).toEqual(['b', 'c']);
    expect(left('research/model:money:model=c')).toEqual(['a', 'b']);
  });

  test('leaves nothing where it is for all, or for the only one', () => {
    expect(left('research/month')).toBeUndefined();
    const [own] = candidateClaims(to('a'), asking);
    expect(own && without(to('a'), own)).toBeUndefined();
  });
});
