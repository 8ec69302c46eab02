import { describe, expect, test } from 'vitest';
import { claimsOf, delegatedPrincipal, RUN_CLAIM } from '../../src/identity/delegated.ts';
import { authority, claimsIn, login } from './authority.ts';
import { ecPair } from './issuer.ts';
import { proof } from './authority.ts';

const gw = await authority();
const root = await gw.child(login({ agent: 'planner' }), { agent_name: 'root', budget: '5 USD' });
const { body } = await gw.exchange(
  root,
  { agent_name: 'a', authorization_details: '[]' },
  { dpop: proof(ecPair('k')) },
);
const claims = claimsIn(body['access_token'] as string);
const run = claims[RUN_CLAIM] as Record<string, unknown>;

describe('the claims of the gateway’s own tokens', () => {
  test('are read as who they were made for', () => {
    const principal = delegatedPrincipal(claims, 'jwt');
    if (!principal.delegation) throw new Error('no delegation');
    const again = claimsOf({
      principal: { ...principal, delegation: principal.delegation },
      audience: 'https://gw.test',
      issuedAtMs: Number(claims['iat']) * 1_000,
      parentTokenId: String(run['parent_jti']),
    });
    expect(JSON.parse(JSON.stringify(again))).toEqual(claims);
    expect(principal.delegation).toMatchObject({
      rights: [],
      proofKey: expect.any(String),
      above: [{ agent: 'planner' }, { agent: 'root' }],
    });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.delegation)).toBe(true);
  });

  test.each<[string, Record<string, unknown>]>([
    ['no subject', { sub: undefined }],
    ['an empty tenant', { tenant: '' }],
    ['an agent that is no text', { agent: 3 }],
    ['the agent that the gateway itself is', { agent: 'waygate-rollback' }],
    ['no id', { jti: undefined }],
    ['a root that is not the first of its path', { txn: 'run_other' }],
    ['no place in the tree', { [RUN_CLAIM]: undefined }],
    ['a place that is null', { [RUN_CLAIM]: null }],
    ['no path', { [RUN_CLAIM]: { ...run, path: [] } }],
    ['a path that is no list', { [RUN_CLAIM]: { ...run, path: 'run_a' } }],
    [
      'a path of what is no run',
      { txn: 'x', [RUN_CLAIM]: { ...run, path: ['x'], run: 'x', depth: 0, budget: undefined } },
    ],
    ['a path of numbers', { txn: 1, [RUN_CLAIM]: { ...run, path: [1], run: 1, depth: 0 } }],
    ['another run than the last of its path', { [RUN_CLAIM]: { ...run, run: 'run_other' } }],
    ['another depth', { [RUN_CLAIM]: { ...run, depth: 2 } }],
    ['no name', { [RUN_CLAIM]: { ...run, name: undefined } }],
    ['no deepest depth', { [RUN_CLAIM]: { ...run, max_depth: 1.5 } }],
    ['a negative depth', { [RUN_CLAIM]: { ...run, max_depth: -1 } }],
    ['a budget of a run elsewhere', { [RUN_CLAIM]: { ...run, budget: { run: 'run_other', amount: 1 } } }],
    ['a budget that is null', { [RUN_CLAIM]: { ...run, budget: null } }],
    ['a binding that is null', { cnf: null }],
    ['a budget of no amount', { [RUN_CLAIM]: { ...run, budget: { run: run['run'], amount: -1 } } }],
    ['agents above that are no texts', { [RUN_CLAIM]: { ...run, above: [1] } }],
    ['agents above that are no list', { [RUN_CLAIM]: { ...run, above: 'root' } }],
    ['rights that are not known', { authorization_details: [{ type: 'other' }] }],
    ['a binding that is not known', { cnf: { 'x5t#S256': 'a' } }],
    [
      'a chain of actors that is too long',
      { act: Array.from({ length: 10 }).reduce((act) => ({ sub: 'a', ...(act ? { act } : {}) }), undefined) },
    ],
    ['scopes that are none', { scope: 3 }],
  ])('are refused with %s', (_, change) => {
    expect(() => delegatedPrincipal({ ...claims, ...change }, 'jwt')).toThrow(
      expect.objectContaining({ code: 'identity.invalid' }),
    );
  });
});
