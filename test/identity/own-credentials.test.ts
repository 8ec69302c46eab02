import { beforeEach, describe, expect, test } from 'vitest';
import type { Identify } from '../../src/identity/identify.ts';
import { RUN_KEY } from '../../src/identity/exchange-request.ts';
import { type Authority, authority, GATEWAY, login, made, proof } from './authority.ts';
import { ecPair } from './issuer.ts';

const key = ecPair('holder');
const thief = ecPair('thief');
let gw: Authority;
beforeEach(async () => {
  gw = await authority();
});

type Request = Parameters<Identify>[0];
const ask = (headers: Request['headers'], path = '/v1/messages'): Request => ({ method: 'POST', path, headers });
const proved = (token: string, by = key, htu = `${GATEWAY}/v1/messages`) => proof(by, { token, claims: { htu } });
const bound = async (fields = {}) =>
  (await gw.exchange(login(), fields, { dpop: proof(key) })).body['access_token'] as string;
const refused = (words: string) =>
  expect.objectContaining({ code: 'identity.invalid', message: expect.stringContaining(words) });

describe('a token that is bound to a key', () => {
  test.each([{}, { requested_token_type: RUN_KEY }])('serves who has the key: %j', async (fields) => {
    const token = await bound(fields);
    const headers = () => ({ authorization: `DPoP ${token}`, dpop: proved(token) });
    const first = await gw.identify(ask(headers()));
    expect(first).toMatchObject({ subject: 'alice' });
    expect(await gw.identify(ask(headers()))).toBe(first);
  });

  test.each<[string, (token: string) => Request, string]>([
    ['without a proof', (token) => ask({ authorization: `DPoP ${token}` }), 'send a proof'],
    [
      'as a bearer token',
      (token) => ask({ authorization: `Bearer ${token}`, dpop: proved(token) }),
      'Authorization: DPoP TOKEN',
    ],
    [
      'in the header of an SDK',
      (token) => ask({ 'x-api-key': token, dpop: proved(token) }),
      'Authorization: DPoP TOKEN',
    ],
    [
      'with a proof of another key',
      (token) => ask({ authorization: `DPoP ${token}`, dpop: proved(token, thief) }),
      'another key',
    ],
    [
      'with a proof for another path',
      (token) => ask({ authorization: `DPoP ${token}`, dpop: proved(token) }, '/v1/models'),
      '`htu`',
    ],
    [
      'with a proof for another token',
      (token) => ask({ authorization: `DPoP ${token}`, dpop: proved('other') }),
      '`ath`',
    ],
  ])('is refused %s', async (_, request, words) => {
    const token = await bound();
    await expect(Promise.resolve(gw.identify(request(token)))).rejects.toThrow(refused(words));
  });

  test('is refused with a proof that was shown before', async () => {
    const token = await bound();
    const request = ask({ authorization: `DPoP ${token}`, dpop: proved(token) });
    await gw.identify(request);
    await expect(Promise.resolve(gw.identify(request))).rejects.toThrow(refused('shown before'));
  });
});

describe('a token that is bound to none', () => {
  test('is not taken as if it were', async () => {
    const token = await gw.child(login());
    await expect(Promise.resolve(gw.identify(ask({ authorization: `DPoP ${token}` })))).rejects.toThrow(
      refused('bound to no key'),
    );
    expect(() => gw.identify(ask({ authorization: `DPoP ${made.key}` }))).toThrow(refused('bound to no key'));
  });

  test('is taken from any header, with no promise once it is known', async () => {
    const token = await gw.child(login());
    const first = await gw.identify(ask({ authorization: `Bearer ${token}` }));
    expect(gw.identify(ask({ 'x-goog-api-key': token }))).toBe(first);
  });
});
