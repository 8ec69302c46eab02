import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isOver, type Operator } from '../../src/core/operator.ts';
import { openDevIssuer } from '../../src/identity/dev-issuer.ts';
import { identifier } from '../../src/identity/identify.ts';
import { fixedKeySet } from '../../src/identity/jwks.ts';
import { type OperatorSource, operatorIdentifier } from '../../src/identity/operators.ts';
import { type OperatorIssuer, operatorIssuerSchema } from '../../src/identity/schema.ts';
import { ecPair, HandClock, ISSUER, issuer, NOW_MS, token } from './issuer.ts';

const key = ecPair('k1');
const ROLES = { staff: 'viewer', oncall: 'approver', root: 'operator' } as const;

function operatorIssuer(settings: object = {}): OperatorIssuer {
  const jwks = { keys: [key.jwk] };
  const parsed = operatorIssuerSchema.parse({
    issuer: ISSUER,
    audience: 'ops',
    algorithms: ['ES256'],
    roles: ROLES,
    jwks,
    ...settings,
  });
  return { ...parsed, jwks };
}

const noKeys: OperatorSource['remoteKeys'] = () => {
  throw new Error('no issuer here has an address');
};

async function identified(claims: object, settings: object = {}): Promise<Operator> {
  const identify = operatorIdentifier({
    issuers: [operatorIssuer(settings)],
    dataIssuers: [{ issuer: ISSUER, audience: ['gw', 'gw2'] }],
    clock: new HandClock(),
    remoteKeys: noKeys,
  });
  const bearer = token(key, { claims: { aud: 'ops', ...claims } });
  return (identify as NonNullable<typeof identify>)({ authorization: `Bearer ${bearer}` });
}

describe('ranks', () => {
  test.each([
    [['root'], ['viewer', 'approver', 'operator', 'root']],
    [
      ['oncall', 'staff'],
      ['viewer', 'approver', 'oncall', 'staff'],
    ],
    ['staff', ['viewer', 'staff']],
    ['staff oncall', ['viewer', 'approver', 'staff', 'oncall']],
    [['security'], ['security']],
    [['operator', 'viewer'], []],
    [
      ['constructor', '__proto__'],
      ['constructor', '__proto__'],
    ],
    [undefined, []],
  ])('of the roles %j are the highest that is mapped and those below it: %j', async (roles, expected) => {
    expect((await identified({ roles })).roles).toEqual(expected);
  });

  test('are read where the configuration says', async () => {
    const settings = { claims: { roles: '/realm_access/roles', subject: 'email' } };
    const operator = await identified({ realm_access: { roles: ['root'] }, roles: [], email: 'o@x.test' }, settings);
    expect(operator).toMatchObject({ subject: 'o@x.test', issuer: ISSUER, expiresAtMs: NOW_MS + 300_000 });
    expect(operator.roles).toContain('operator');
  });

  test('that are no list of texts make no operator', async () => {
    await expect(identified({ roles: [1] })).rejects.toMatchObject({ code: 'identity.invalid' });
  });

  test('take a mapping with at least one role, to a rank there is', () => {
    expect(() => operatorIssuer({ roles: {} })).toThrow('expected a role');
    expect(() => operatorIssuer({ roles: { x: 'admin' } })).toThrow();
    expect(() => operatorIssuer({ roles: undefined })).toThrow();
  });
});

describe('tenants', () => {
  test('are all where no claim is to name them', async () => {
    expect((await identified({ roles: ['staff'], tenants: ['acme'] })).tenants).toBe('*');
  });

  test.each([
    ['acme', ['acme'], false],
    [['acme', 'beta'], ['acme', 'beta'], false],
    ['*', '*', true],
    [['acme', '*'], '*', true],
    [[], [], false],
    [undefined, [], false],
  ])('of the claim %j are %j', async (tenants, expected, isOverOther) => {
    const operator = await identified({ roles: ['staff'], tenants }, { claims: { tenants: 'tenants' } });
    expect(operator.tenants).toEqual(expected);
    expect(isOver(operator, 'other')).toBe(isOverOther);
  });
});

describe('tokens of the data plane', () => {
  test.each(['gw', 'gw2', ['ops', 'gw2'], ['gw', 'ops'], 'else'])('for the audience %j are refused', async (aud) => {
    await expect(identified({ aud, roles: ['root'] })).rejects.toMatchObject({ code: 'identity.invalid', status: 401 });
  });

  test('of another issuer may share the name of an audience', async () => {
    const other = operatorIdentifier({
      issuers: [operatorIssuer({ issuer: 'https://ops.test' })],
      dataIssuers: [{ issuer: ISSUER, audience: ['ops'] }],
      clock: new HandClock(),
      remoteKeys: noKeys,
    });
    const bearer = token(key, { claims: { iss: 'https://ops.test', aud: 'ops', roles: ['root'] } });
    await expect(other?.({ authorization: `Bearer ${bearer}` })).resolves.toMatchObject({ subject: 'alice' });
  });

  test('an operator’s token is nobody to the data plane', async () => {
    const identify = identifier({
      issuers: [issuer({ keys: [key.jwk] })],
      keys: [],
      clock: new HandClock(),
      remoteKeys: noKeys,
    });
    const bearer = token(key, { claims: { aud: 'ops', roles: ['root'] } });
    await expect(
      identify({ method: 'GET', path: '/', headers: { authorization: `Bearer ${bearer}` } }),
    ).rejects.toMatchObject({
      code: 'identity.invalid',
    });
  });
});

describe('credentials', () => {
  const identify = operatorIdentifier({
    issuers: [operatorIssuer()],
    dataIssuers: [],
    clock: new HandClock(),
    remoteKeys: noKeys,
  }) as NonNullable<ReturnType<typeof operatorIdentifier>>;
  const good = token(key, { claims: { aud: 'ops', roles: ['root'] } });

  test.each([
    [{}, 'identity.missing'],
    [{ 'x-api-key': good }, 'identity.missing'],
    [{ authorization: '' }, 'identity.missing'],
    [{ authorization: `Basic ${good}` }, 'identity.invalid'],
    [{ authorization: [`Bearer ${good}`, `Bearer ${good}`] }, 'identity.invalid'],
    [{ authorization: `Bearer ${'a'.repeat(9_000)}` }, 'identity.invalid'],
    [{ authorization: 'Bearer wgk_0123456789' }, 'identity.invalid'],
  ])('other than one bearer token are refused', async (headers, code) => {
    await expect(identify(headers)).rejects.toMatchObject({ code });
    await expect(identify({ authorization: `Bearer ${good}` })).resolves.toMatchObject({ subject: 'alice' });
  });

  test('may be signed with keys that are published', async () => {
    const asked: unknown[] = [];
    const remote = operatorIdentifier({
      issuers: [{ ...operatorIssuer(), jwks: { url: 'https://idp.test/jwks', staleMs: 5 } }],
      dataIssuers: [],
      clock: new HandClock(),
      remoteKeys: (url, staleMs) => {
        asked.push(url, staleMs);
        return fixedKeySet([key.jwk]);
      },
    });
    await expect(remote?.({ authorization: `Bearer ${good}` })).resolves.toMatchObject({ subject: 'alice' });
    expect(asked).toEqual(['https://idp.test/jwks', 5]);
  });

  test('nobody is an operator where nobody vouches for one', () => {
    expect(
      operatorIdentifier({ issuers: [], dataIssuers: [], clock: new HandClock(), remoteKeys: noKeys }),
    ).toBeUndefined();
  });
});

describe('the dev issuer', () => {
  function dev() {
    const dir = mkdtempSync(join(tmpdir(), 'waygate-operators-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const opened = openDevIssuer(join(dir, 'key.json'));
    const sources = { clock: new HandClock(), remoteKeys: noKeys };
    return {
      ...opened,
      operator: operatorIdentifier({ issuers: [opened.operators], dataIssuers: [opened.issuer], ...sources }),
      caller: identifier({ issuers: [opened.issuer], keys: [], ...sources }),
    };
  }

  test('makes operators of a rank, over one tenant or all', async () => {
    const opened = dev();
    const all = await opened.mintOperator({ rank: 'approver', nowMs: NOW_MS });
    await expect(opened.operator?.({ authorization: `Bearer ${all}` })).resolves.toMatchObject({
      subject: 'developer',
      roles: ['viewer', 'approver'],
      tenants: '*',
    });
    const one = await opened.mintOperator({ rank: 'viewer', tenant: 'acme', subject: 'ana', nowMs: NOW_MS });
    await expect(opened.operator?.({ authorization: `Bearer ${one}` })).resolves.toMatchObject({
      subject: 'ana',
      roles: ['viewer'],
      tenants: ['acme'],
    });
  });

  test('keeps its operators and its agents apart', async () => {
    const opened = dev();
    const agent = await opened.mint({ agent: 'x', nowMs: NOW_MS });
    const ops = await opened.mintOperator({ rank: 'operator', nowMs: NOW_MS });
    await expect(opened.operator?.({ authorization: `Bearer ${agent}` })).rejects.toMatchObject({
      code: 'identity.invalid',
    });
    await expect(
      opened.caller({ method: 'GET', path: '/', headers: { authorization: `Bearer ${ops}` } }),
    ).rejects.toMatchObject({
      code: 'identity.invalid',
    });
  });
});
