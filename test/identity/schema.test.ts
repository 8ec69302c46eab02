import { describe, expect, test } from 'vitest';
import { identitySchema, issuerSchema, jwkSetSchema, keysFileSchema } from '../../src/identity/schema.ts';
import { ecPair } from './issuer.ts';

const { jwk } = ecPair('k1');
const issuer = {
  issuer: 'https://idp.test',
  audience: 'gw',
  algorithms: ['ES256'],
  jwks: { url: 'https://idp.test/jwks' },
};
const hash = 'a'.repeat(64);
const key = { id: 'abcdef012345', hash, subject: 'ci', created: '2026-01-31T12:00:00Z' };

/** `path: message` of everything wrong. */
function problems(
  schema: { safeParse(value: unknown): { error?: { issues: { path: PropertyKey[]; message: string }[] } } },
  value: unknown,
): string[] {
  return (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('an issuer', () => {
  test('needs only its name, audience, algorithms and keys', () => {
    expect(issuerSchema.parse(issuer)).toMatchObject({
      audience: ['gw'],
      claims: { subject: ['sub'], scopes: ['scope'] },
      clockToleranceSeconds: 5,
      maxLifetimeSeconds: 86_400,
      maxTokenBytes: 8_192,
    });
  });

  test.each([
    ['no algorithms', { algorithms: [] }, 'algorithms'],
    ['no list of algorithms', { algorithms: undefined }, 'algorithms'],
    ['the algorithm none', { algorithms: ['none'] }, 'algorithms.0'],
    ['a shared secret', { algorithms: ['HS256'] }, 'algorithms.0'],
    ['no audience', { audience: [] }, 'audience'],
    ['two sources of keys', { jwks: { url: 'https://idp.test', file: 'x' } }, 'jwks: expected exactly one'],
    ['no source of keys', { jwks: {} }, 'jwks: expected exactly one'],
    ['keys over plain http', { jwks: { url: 'http://idp.test/jwks' } }, 'jwks.url: expected an `https` address'],
    [
      'an address with a password',
      { jwks: { url: 'https://user:pw@idp.test' } },
      'jwks.url: expected an `https` address',
    ],
    ['an address with a user', { jwks: { url: 'https://user@idp.test' } }, 'jwks.url: expected an `https` address'],
    ['an address that is none', { jwks: { url: 'idp' } }, 'jwks.url: expected an address'],
    ['a file as address', { jwks: { url: 'file:///etc/passwd' } }, 'jwks.url: expected an address'],
    ['a private key', { jwks: { keys: [{ ...jwk, d: 'AA' }] } }, 'jwks.keys.0: expected a public key'],
    ['a tenant twice', { tenant: 'acme', claims: { tenant: 'org' } }, 'tenant: expected either'],
    ['a tolerance of more than two minutes', { clockToleranceSeconds: 121 }, 'clockToleranceSeconds'],
    ['a claim named by address', { claims: { tenant: 'https://waygate.dev/org' } }, 'claims.tenant'],
    ['an empty claim path', { claims: { tenant: '' } }, 'claims.tenant'],
    ['a claim path with an empty part', { claims: { tenant: 'a..b' } }, 'claims.tenant'],
    ['an empty list as claim path', { claims: { tenant: [] } }, 'claims.tenant'],
    ['an unknown field', { algorithm: 'ES256' }, ': Unrecognized key'],
  ])('with %s is refused', (_, change, problem) => {
    expect(problems(issuerSchema, { ...issuer, ...change })).toContainEqual(expect.stringContaining(problem));
  });

  test.each(['http://127.0.0.1:9/jwks', 'http://localhost/jwks', 'http://[::1]:9/jwks'])(
    'may publish its keys on loopback, at %s',
    (url) => {
      expect(problems(issuerSchema, { ...issuer, jwks: { url } })).toEqual([]);
    },
  );
});

test('identity is empty unless something is configured', () => {
  expect(identitySchema.parse({})).toEqual({ issuers: [], dev: false });
});

test('a file of keys is a list of public keys and whatever else its issuer puts there', () => {
  expect(problems(jwkSetSchema, { keys: [jwk], updated: 'today' })).toEqual([]);
  expect(problems(jwkSetSchema, { keys: [] })).toHaveLength(1);
  expect(problems(jwkSetSchema, { keys: [{ kty: 'RSA' }] })).toEqual([
    expect.stringContaining('keys.0: expected a `kid`'),
  ]);
});

describe('the file of API keys', () => {
  test('gives keys the usual tenant and no scopes', () => {
    expect(keysFileSchema.parse({ keys: [key] }).keys).toEqual([{ ...key, tenant: 'default', scopes: [] }]);
  });

  test.each([
    ['a hash that is none', { hash: 'wgk_abcdef012345_secret' }, 'keys.0.hash: expected a SHA-256 hash'],
    ['an id with other letters', { id: 'a_b' }, 'keys.0.id'],
    ['a time that is none', { expires: 'tomorrow' }, 'keys.0.expires: expected a time'],
    ['a subject with a line end', { subject: 'a\nb' }, 'keys.0.subject'],
  ])('is refused with %s', (_, change, problem) => {
    expect(problems(keysFileSchema, { keys: [{ ...key, ...change }] })).toContainEqual(
      expect.stringContaining(problem),
    );
  });

  test('is refused where an id occurs twice', () => {
    expect(problems(keysFileSchema, { keys: [key, key] })).toEqual(['keys.1.id: the key `abcdef012345` occurs twice']);
  });
});
