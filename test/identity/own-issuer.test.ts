// Tokens under the gateway's own name: only what its own keys signed, in the one form that it writes, is believed.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { RUN_CLAIM } from '../../src/identity/delegated.ts';
import { makeSigningKey, type SigningKey } from '../../src/signing/signing-key.ts';
import { ownKeyRing } from '../../src/signing/key-ring.ts';
import { authenticator, identifier } from '../../src/identity/identify.ts';
import { type Authority, authority, claimsIn, GATEWAY, idp, login, made } from './authority.ts';
import { compact, issuer, NOW, token } from './issuer.ts';

let gw: Authority;
let signer: SigningKey;
let good: Record<string, unknown>;
let believe: (text: string) => Promise<unknown>;
beforeEach(async () => {
  gw = await authority();
  signer = await makeSigningKey('ES256');
  const keys = ownKeyRing([signer, await makeSigningKey('EdDSA')]);
  const authenticate = authenticator({
    issuers: [issuer({ keys: [idp.jwk] }, { claims: { tenant: 'tenant', agent: 'agent' } })],
    keys: [],
    clock: gw.clock,
    remoteKeys: () => keys,
    own: { ...gw.own, keys },
  });
  believe = async (text) => authenticate(text);
  good = claimsIn(await gw.child(await gw.child(login(), { agent_name: 'root' }), { agent_name: 'a' }));
});

const signed = (
  claims: object,
  header: object = {},
  by: { algorithm?: string; key?: KeyObject | string } = {},
): string =>
  compact(
    { alg: 'ES256', typ: 'at+jwt', kid: signer.kid, ...header },
    { ...good, ...claims },
    { algorithm: by.algorithm ?? 'ES256', key: by.key ?? signer.privateKey },
  );

describe('a token under the gateway’s own name', () => {
  test('is believed where its own key signed it', async () => {
    expect(await believe(signed({}))).toMatchObject({ subject: 'alice', delegation: { path: [{}, {}] } as never });
  });

  const pem = (): string => createPublicKey(signer.privateKey).export({ type: 'spki', format: 'pem' }).toString();
  test.each<[string, () => string]>([
    ['unsigned', () => signed({}, { alg: 'none' }, { algorithm: 'none' })],
    ['unsigned in other letters', () => signed({}, { alg: 'nOnE' }, { algorithm: 'none' })],
    ['signed with the public key as a secret', () => signed({}, { alg: 'HS256' }, { algorithm: 'HS256', key: pem() })],
    [
      'signed with its JWK as a secret',
      () => signed({}, { alg: 'HS256' }, { algorithm: 'HS256', key: JSON.stringify(signer.jwk) }),
    ],
    ['signed by an issuer that is trusted for others', () => signed({}, { kid: 'idp' }, { key: idp.privateKey })],
    ['signed by that issuer under the name of our key', () => signed({}, {}, { key: idp.privateKey })],
    ['with a key in its own header', () => signed({}, { kid: 'x', jwk: idp.jwk }, { key: idp.privateKey })],
    ['of the type JWT', () => signed({}, { typ: 'JWT' })],
    ['of no type', () => signed({}, { typ: undefined })],
    ['of the type of a proof', () => signed({}, { typ: 'dpop+jwt' })],
    ['for another audience', () => signed({ aud: 'https://other.test' })],
    ['without an audience', () => signed({ aud: undefined })],
    ['expired', () => signed({ exp: NOW - 6 })],
    ['without an end', () => signed({ exp: undefined })],
    ['made for longer than tokens are', () => signed({ exp: NOW + 3_601 })],
    ['of the future', () => signed({ nbf: NOW + 6 })],
    [
      'with a chain of actors beyond nine',
      () =>
        signed({ act: Array.from({ length: 10 }).reduce((act) => ({ sub: 'a', ...(act ? { act } : {}) }), undefined) }),
    ],
    ['with a run that is not of its tree', () => signed({ txn: 'run_other' })],
    ['without a run', () => signed({ [RUN_CLAIM]: undefined })],
    ['with critical headers', () => signed({}, { crit: ['x'], x: 1 })],
  ])('is refused %s', async (_, make) => {
    await expect(believe(make())).rejects.toMatchObject({ status: 401 });
  });

  test('may be signed with either of its algorithms, each by its own key', async () => {
    await expect(believe(signed({}, { alg: 'EdDSA' }))).rejects.toMatchObject({ code: 'identity.invalid' });
  });
});

describe('a token of another issuer', () => {
  test('with our claims in it delegates nothing', async () => {
    const { iss: _, aud: __, exp: ___, iat: ____, ...ours } = good;
    const principal = await believe(token(idp, { claims: { ...ours, sub: 'mallory' } }));
    expect(principal).toMatchObject({ subject: 'mallory', issuer: 'https://idp.test' });
    expect(principal).not.toHaveProperty('delegation');
  });

  test('cannot take the gateway’s name, not even as a configured issuer', async () => {
    const keys = ownKeyRing([signer]);
    const authenticate = authenticator({
      issuers: [issuer({ keys: [idp.jwk] }, { issuer: GATEWAY, audience: GATEWAY })],
      keys: [],
      clock: gw.clock,
      remoteKeys: () => keys,
      own: { ...gw.own, keys },
    });
    await expect(
      Promise.resolve(authenticate(signed({}, { kid: 'idp' }, { key: idp.privateKey }))),
    ).rejects.toMatchObject({
      code: 'identity.invalid',
    });
    expect(await authenticate(signed({}))).toHaveProperty('delegation');
  });

  test('may have a chain of eight actors and no more, as ever', async () => {
    const chain = (length: number): object =>
      Array.from({ length }).reduce<object | undefined>(
        (act) => ({ sub: 'a', ...(act && { act }) }),
        undefined,
      ) as object;
    expect(await believe(login({ act: chain(8) }))).toBeDefined();
    await expect(believe(login({ act: chain(9) }))).rejects.toMatchObject({ code: 'identity.invalid' });
  });
});

describe('where the gateway makes no tokens', () => {
  test('its own are of an issuer that nobody trusts, and run keys are none', async () => {
    const authenticate = authenticator({ issuers: [], keys: [], clock: gw.clock, remoteKeys: () => gw.ring });
    const key = await gw.child(login(), { requested_token_type: 'urn:waygate:params:oauth:token-type:run-key' });
    for (const text of [signed({}), key])
      await expect(Promise.resolve(authenticate(text))).rejects.toMatchObject({ code: 'identity.invalid' });
    const source = { issuers: [], keys: made.keys, clock: gw.clock, remoteKeys: () => gw.ring };
    const asked = (scheme: string) => ({
      method: 'GET',
      path: '/',
      headers: { authorization: `${scheme} ${made.key}` },
    });
    expect(identifier(source)(asked('Bearer'))).toMatchObject({ subject: 'ci' });
    expect(() => identifier(source)(asked('DPoP'))).toThrow(expect.objectContaining({ code: 'identity.invalid' }));
  });
});
