import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { principalOf } from '../../src/identity/claims.ts';
import { goodClaims, ISSUER, issuer, NOW } from './issuer.ts';

function principal(claims: object, settings: object = {}): Principal {
  return principalOf({ ...goodClaims, ...claims }, issuer({ keys: [] }, settings));
}

const invalid = (reason: string): unknown =>
  expect.objectContaining({ code: 'identity.invalid', message: expect.stringContaining(reason) });

describe('the mapping of claims', () => {
  test('without settings takes the subject from `sub` and everything else as unnamed', () => {
    expect(principal({})).toEqual({
      id: 'default/alice/',
      subject: 'alice',
      tenant: 'default',
      agent: '',
      actors: [],
      credential: 'jwt',
      issuer: ISSUER,
      scopes: [],
      expiresAtMs: (NOW + 300) * 1_000,
    });
  });

  test.each([
    ['a name', 'org'],
    ['a path with dots', 'ctx.org.id'],
    ['a JSON pointer', '/ctx/org/id'],
    ['a JSON pointer with escapes', '/ctx/a~1b~0c'],
    ['a list with a name that is an address', ['https://waygate.dev/claims/org']],
    ['a list that leads inside', ['https://waygate.dev/claims', 'org']],
  ])('finds a claim by %s', (_, tenant) => {
    const claims = {
      org: 'acme',
      ctx: { org: { id: 'acme' }, 'a/b~c': 'acme' },
      'https://waygate.dev/claims/org': 'acme',
      'https://waygate.dev/claims': { org: 'acme' },
    };
    expect(principal(claims, { claims: { tenant } }).tenant).toBe('acme');
  });

  test('takes subject, tenant, agent and scopes from where the issuer puts them', () => {
    const claims = { email: 'a@b.c', org: 'acme', act: { sub: 'researcher' }, scp: ['read', 'write'] };
    const paths = { subject: 'email', tenant: 'org', agent: 'act.sub', scopes: 'scp' };
    expect(principal(claims, { claims: paths })).toMatchObject({
      id: 'acme/a%40b.c/researcher',
      subject: 'a@b.c',
      tenant: 'acme',
      agent: 'researcher',
      scopes: ['read', 'write'],
    });
  });

  test('gives everybody of an issuer its fixed tenant', () => {
    expect(principal({ tenant: 'evil' }, { tenant: 'acme' }).tenant).toBe('acme');
  });

  test.each([undefined, '', 7, null, ['acme'], 'x'.repeat(257), 'a\nb', 'a\u0000', 'lone \uD800'])(
    'refuses a token whose tenant claim is %j rather than taking a default',
    (org) => {
      expect(() => principal({ org }, { claims: { tenant: 'org' } })).toThrow(invalid('`org` must be a text'));
    },
  );

  test('lets a token lack the agent, but not misstate it', () => {
    expect(principal({}, { claims: { agent: 'agent' } }).agent).toBe('');
    expect(principal({}, { claims: { agent: 'toString' } }).agent).toBe('');
    expect(() => principal({ agent: 7 }, { claims: { agent: 'agent' } })).toThrow(invalid('`agent` must be a text'));
    expect(() => principal({ agent: '' }, { claims: { agent: 'agent' } })).toThrow(invalid('`agent` must be a text'));
  });

  test.each(['constructor.name', 'toString.name', '__proto__.x', 'sub.length', 'org.length'])(
    'finds nothing at %s, which is no claim',
    (tenant) => {
      expect(() => principal({ org: null }, { claims: { tenant } })).toThrow(invalid('must be a text'));
    },
  );

  test.each([
    ['read  write ', ['read', 'write']],
    ['', []],
    [[], []],
  ])('reads the scopes %j as %j', (scope, scopes) => {
    expect(principal({ scope }).scopes).toEqual(scopes);
  });

  test.each([7, null, [7], { read: true }])('refuses the scopes %j', (scope) => {
    expect(() => principal({ scope })).toThrow(invalid('scopes'));
  });

  test.each([
    ['a text', 'nightly/research-3'],
    ['a list', ['nightly', 'research-3']],
  ])('takes the place of a run from where the issuer puts it, %s', (_, run) => {
    expect(principal({ run }, { claims: { run: 'run' } }).place).toEqual(['nightly', 'research-3']);
    expect(principal({ run })).not.toHaveProperty('place');
    expect(principal({}, { claims: { run: 'run' } })).not.toHaveProperty('place');
  });

  test.each(['', 'a//b', 'a b', 7, [], ['a', 1], ['a/b'], Array.from({ length: 33 }, () => 'a')])(
    'refuses a place that is none: %j',
    (run) => {
      expect(() => principal({ run }, { claims: { run: 'run' } })).toThrow(invalid('its claim `run` must be'));
    },
  );

  test('believes nobody to be the agent that the gateway itself is', () => {
    expect(() => principal({ agent: 'waygate-rollback' }, { claims: { agent: 'agent' } })).toThrow(
      invalid('keeps for itself'),
    );
  });

  test('makes a principal that nobody can change', () => {
    const made = principal({ scope: 'read', act: { sub: 'a' } });
    expect([made, made.actors, made.scopes].every((part) => Object.isFrozen(part))).toBe(true);
  });
});

describe('the actor chain', () => {
  const chain = (length: number): object | undefined =>
    length === 0 ? undefined : { sub: `actor-${length}`, act: chain(length - 1) };

  test('is kept outermost first, with issuers where they are named', () => {
    const act = { sub: 'worker', iss: ISSUER, act: { sub: 'root' } };
    expect(principal({ act }).actors).toEqual([{ subject: 'worker', issuer: ISSUER }, { subject: 'root' }]);
  });

  test('may have eight links and no more', () => {
    expect(principal({ act: chain(8) }).actors).toHaveLength(8);
    expect(() => principal({ act: chain(9) })).toThrow(invalid('at most 8'));
  });

  test.each([
    'worker',
    null,
    7,
    {},
    { sub: '' },
    { sub: 7 },
    { sub: 'a', iss: 7 },
    { sub: 'a', act: null },
    { sub: 'a', act: { iss: ISSUER } },
  ])('is refused as %j', (act) => {
    expect(() => principal({ act })).toThrow(invalid('`act`'));
  });
});
