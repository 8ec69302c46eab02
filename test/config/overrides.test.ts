import { expect, test } from 'vitest';
import type { Config } from '../../src/config/load.ts';
import { failModeOverrides } from '../../src/config/overrides.ts';
import { failureSchema } from '../../src/limits/schema.ts';

const LOCAL = failureSchema.parse({ store: 'local', rate: '60/min', total: '90/min', budget: '5 USD', for: '10min' });
const CLOSED = failureSchema.parse(undefined);

test('tells each fail mode that a config has chosen, and none where it has not', () => {
  const config = {
    routes: { 'team-a': { failure: LOCAL } },
    upstreams: { up: { failure: CLOSED } },
    identity: {
      issuers: [
        { issuer: 'https://a', jwks: { url: 'https://a/jwks', staleMs: 60_000 } },
        { issuer: 'https://b', jwks: { url: 'https://b/jwks' } },
        { issuer: 'https://c', jwks: { keys: [] } },
      ],
    },
    ceiling: { input: 1, output: 2 },
  } as unknown as Config;
  expect(failModeOverrides(config)).toEqual([
    '`routes.team-a`: without the store each process lets through 60 calls in 60 s for one caller, 5.00 USD for one tenant, for 600 s',
    'issuer `https://a`: keys that cannot be fetched serve for 60 s past their freshness',
    '`ceiling`: models without a price are paid by it',
  ]);
  const plain = { ...config, routes: {}, identity: { issuers: [] }, ceiling: undefined } as unknown as Config;
  expect(failModeOverrides(plain)).toEqual([]);
});
