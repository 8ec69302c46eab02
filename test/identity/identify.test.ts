import { createServer } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Identify, identifier, type IdentitySource } from '../../src/identity/identify.ts';
import { remoteKeySets } from '../../src/identity/jwks.ts';
import { createKey, revokeKey } from '../../src/identity/key-changes.ts';
import { outboundClient } from '../../src/outbound/client.ts';
import { ecPair, HandClock, issuer, NOW_MS, token } from './issuer.ts';

const key = ecPair('k1');
const made = createKey([], { subject: 'ci', tenant: 'acme', nowMs: NOW_MS });
type Request = Parameters<Identify>[0];
const asks = (headers: Record<string, string>): Request => ({ method: 'POST', path: '/v1/messages', headers });
const bearer = (text: string): Request => asks({ authorization: `Bearer ${text}` });
const invalid = expect.objectContaining({ code: 'identity.invalid' });

let clock: HandClock;
let identify: Identify;
const source = (change: Partial<IdentitySource> = {}): IdentitySource => ({
  issuers: [issuer({ keys: [key.jwk] })],
  keys: made.keys,
  clock,
  remoteKeys: remoteKeySets({ clock, fetchJwks: () => Promise.reject(new Error('not to be asked')) }),
  ...change,
});
beforeEach(() => {
  clock = new HandClock();
  identify = identifier(source());
});

describe('a caller', () => {
  test('with a token is who its issuer says', async () => {
    const first = await identify(bearer(token(key)));
    expect(first).toMatchObject({ subject: 'alice', credential: 'jwt' });
  });

  test('is the same principal whichever header carries the token', async () => {
    const text = token(key);
    const first = await identify(bearer(text));
    for (const header of ['x-api-key', 'x-goog-api-key', 'api-key'])
      expect(identify(asks({ [header]: text }))).toBe(first);
  });

  test('with an API key is who the key was made for, without a promise', () => {
    expect(identify(asks({ 'x-api-key': made.key }))).toMatchObject({
      subject: 'ci',
      tenant: 'acme',
      credential: 'key',
    });
  });

  test('without a credential is nobody', () => {
    expect(() => identify(asks({}))).toThrow(expect.objectContaining({ code: 'identity.missing' }));
  });

  test('with the prefix of an API key and nothing behind it is nobody', () => {
    expect(() => identify(bearer('wgk_'))).toThrow(invalid);
  });

  test('with a megabyte of token is refused before anything of it is looked at', () => {
    expect(() => identify(bearer(`${token(key)}${'x'.repeat(1_000_000)}`))).toThrow(invalid);
    expect(() => identify(bearer('x'.repeat(8_193)))).toThrow('longer than 8192 bytes');
  });

  test('may have a longer token where its issuer may write one', async () => {
    const patient = identifier(source({ issuers: [issuer({ keys: [key.jwk] }, { maxTokenBytes: 16_384 })] }));
    const long = token(key, { claims: { groups: 'x'.repeat(8_000) } });
    await expect(patient(bearer(long))).resolves.toMatchObject({ subject: 'alice' });
    expect(() => patient(bearer('x'.repeat(16_385)))).toThrow('longer than 16384 bytes');
  });

  test('with a key that was revoked is nobody in the next configuration', () => {
    const revoked = revokeKey(made.keys, { id: made.id, nowMs: NOW_MS });
    if ('problem' in revoked) throw new Error(revoked.problem);
    expect(() => identifier(source(revoked))(bearer(made.key))).toThrow('has been revoked');
  });

  test('with a token of an issuer that was taken out is nobody in the next configuration', async () => {
    const text = token(key);
    await identify(bearer(text));
    await expect(Promise.resolve(identifier(source({ issuers: [] }))(bearer(text)))).rejects.toThrow(invalid);
  });
});

test('keys by address are fetched from the address in the configuration and nowhere else', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify({ keys: [key.jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  const client = outboundClient({ allowPrivate: [], allowLoopback: true });
  const remote = identifier(
    source({
      issuers: [issuer({ url: `${base}/right` })],
      remoteKeys: remoteKeySets({ clock, fetchJwks: (url) => client.get(url) }),
    }),
  );
  const hostile = token(ecPair('k1'), { header: { jku: `${base}/wrong`, x5u: `${base}/wrong` } });
  await expect(remote(bearer(hostile))).rejects.toThrow(invalid);
  await expect(remote(bearer(token(key)))).resolves.toMatchObject({ subject: 'alice' });
  expect(asked).toEqual(['/right']);
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('keys in the configuration are trusted only after their own checks', async () => {
  const weak = { ...key.jwk, use: 'enc' };
  const strict = identifier(source({ issuers: [issuer({ keys: [weak] })] }));
  await expect(strict(bearer(token(key)))).rejects.toThrow(invalid);
});
