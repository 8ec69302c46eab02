import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { isOAuthPath, oauthEndpoints } from '../../src/identity/oauth-endpoints.ts';
import { type Authority, authority, GATEWAY, login } from './authority.ts';

let gw: Authority;
beforeEach(async () => {
  gw = await authority();
});
const get = async (path: string, method = 'GET') => {
  const { body, ...rest } = await oauthEndpoints(gw.deps)({ method, path, headers: {}, body: Buffer.alloc(0) });
  return { ...rest, body: JSON.parse(body) as unknown };
};

describe('the endpoints', () => {
  test.each([
    '/oauth/token',
    '/oauth/revoke',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/waygate',
  ])('are at %s', (path) => {
    expect(isOAuthPath(path)).toBe(true);
    expect(isOAuthPath(`${path}x`)).toBe(path.endsWith('/waygate'));
  });

  test('publish the keys that verify what they make', async () => {
    const { status, headers, body } = await get('/.well-known/jwks.json');
    expect({ status, headers }).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
    });
    const keys = createLocalJWKSet(body as never);
    const verified = await jwtVerify(await gw.child(login()), keys, {
      issuer: GATEWAY,
      audience: GATEWAY,
      typ: 'at+jwt',
      currentDate: new Date(gw.clock.ms),
    });
    expect(verified.payload.sub).toBe('alice');
  });

  test('describe themselves (RFC 8414)', async () => {
    expect(await get('/.well-known/oauth-authorization-server', 'HEAD')).toMatchObject({
      status: 200,
      body: {
        issuer: GATEWAY,
        token_endpoint: `${GATEWAY}/oauth/token`,
        revocation_endpoint: `${GATEWAY}/oauth/revoke`,
        jwks_uri: `${GATEWAY}/.well-known/jwks.json`,
        response_types_supported: [],
        grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
        token_endpoint_auth_methods_supported: ['none'],
        authorization_details_types_supported: ['waygate_call'],
      },
    });
  });

  test.each([
    ['GET', '/oauth/token', 'POST'],
    ['PUT', '/oauth/revoke', 'POST'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
  ])('refuse %s at %s', async (method, path, allow) => {
    expect(await get(path, method)).toMatchObject({
      status: 405,
      headers: { allow },
      body: { error: 'invalid_request' },
    });
  });

  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  test.each<[string, Record<string, string>, string]>([
    ['no form', { 'content-type': 'application/json' }, '{}'],
    ['no type', {}, 'a=b'],
    ['a form that is too long', form, `a=${'x'.repeat(65_536)}`],
    ['a field twice', form, 'subject_token=a&subject_token=b'],
  ])('refuse %s', async (_, headers, body) => {
    const { status, body: text } = await oauthEndpoints(gw.deps)({
      method: 'POST',
      path: '/oauth/token',
      headers,
      body: Buffer.from(body),
    });
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({ status: 400, error: 'invalid_request' });
  });
});
