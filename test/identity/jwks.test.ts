import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fixedKeySet, type KeySet, remoteKeySets } from '../../src/identity/jwks.ts';
import { type OutboundClient, outboundClient } from '../../src/outbound/client.ts';
import { ecPair, HandClock, rsaPair } from './issuer.ts';

const k1 = ecPair('k1');
const k2 = ecPair('k2');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

// A real issuer on loopback: what it answers, and how often it was asked.
const idp = { status: 200, body: '', cacheControl: '', asked: 0, broken: false };
let server: Server;
let client: OutboundClient;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    idp.asked += 1;
    if (idp.broken) {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(idp.status, { 'content-type': 'application/json', 'cache-control': idp.cacheControl })
      .end(idp.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/jwks`;
  client = outboundClient({ allowPrivate: [], allowLoopback: true });
});

afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const publish = (...keys: readonly { jwk: object }[]): void => {
  idp.body = JSON.stringify({ keys: keys.map((key) => key.jwk) });
};

let clock: HandClock;
let keys: KeySet;
beforeEach(() => {
  Object.assign(idp, { status: 200, cacheControl: 'max-age=600', asked: 0, broken: false });
  publish(k1);
  clock = new HandClock();
  keys = remoteKeySets({ clock, fetchJwks: (address) => client.get(address) })(url);
});

const found = async (kid: string): Promise<boolean> => (await keys.find(kid, 'ES256')) !== undefined;
/** Lets a fetch behind the scenes come to its end: it is joined by whoever asks for an unknown key. */
const settled = async (): Promise<void> => void (await keys.find('nobody', 'ES256').catch(() => {}));
const unavailable = expect.objectContaining({ code: 'identity.unavailable', status: 503, retry: true });

describe('an issuer’s published keys', () => {
  test('are fetched once, when they are first needed, and only once for concurrent tokens', async () => {
    expect(idp.asked).toBe(0);
    await expect(Promise.all(Array.from({ length: 20 }, () => found('k1')))).resolves.not.toContain(false);
    clock.ms += 9 * MINUTE;
    await expect(found('k1')).resolves.toBe(true);
    expect(idp.asked).toBe(1);
  });

  test('are fetched again behind the scenes once they are no longer fresh, without making a token wait', async () => {
    await found('k1');
    clock.ms += 11 * MINUTE;
    publish(k2);
    await expect(found('k1')).resolves.toBe(true);
    await settled();
    expect(idp.asked).toBe(2);
    await expect(found('k1')).resolves.toBe(false);
    await expect(found('k2')).resolves.toBe(true);
  });

  test.each([
    ['max-age=120', 119, 121],
    ['max-age=1', 59, 61],
    ['no-store', 59, 61],
    ['max-age=999999', 3_599, 3_601],
    ['', 599, 601],
  ])('with `cache-control: %s` are fresh for %i seconds, not for %i', async (cacheControl, fresh, stale) => {
    idp.cacheControl = cacheControl;
    await found('k1');
    const start = clock.ms;
    clock.ms = start + fresh * 1_000;
    await found('k1');
    expect(idp.asked).toBe(1);
    clock.ms = start + stale * 1_000;
    await found('k1');
    await settled();
    expect(idp.asked).toBe(2);
  });

  test('are looked up once more when a token names a new one', async () => {
    await found('k1');
    publish(k1, k2);
    clock.ms += 31_000;
    await expect(Promise.all([found('k2'), found('k2'), found('k1')])).resolves.toEqual([true, true, true]);
    expect(idp.asked).toBe(2);
  });

  test('are not fetched at every token that names an unknown one', async () => {
    await found('k1');
    for (let second = 0; second < 60; second += 1) {
      clock.ms += 1_000;
      await expect(found(`made-up-${second}`)).resolves.toBe(false);
    }
    expect(idp.asked).toBe(3);
  });

  test('serve for an hour past their freshness while the issuer is down, and then no longer', async () => {
    await found('k1');
    idp.broken = true;
    clock.ms += 10 * MINUTE + HOUR - 1;
    await expect(found('k1')).resolves.toBe(true);
    clock.ms += 1;
    await expect(found('k1')).rejects.toThrow(unavailable);
    idp.broken = false;
    clock.ms += 5_000;
    await expect(found('k1')).resolves.toBe(true);
  });

  test('that cannot be had at all make the token unverifiable, not invalid', async () => {
    idp.broken = true;
    await expect(found('k1')).rejects.toThrow(unavailable);
    await expect(found('k1')).rejects.toThrow(expect.objectContaining({ retryAfterMs: 5_000 }));
    expect(idp.asked).toBe(1);
    idp.broken = false;
    clock.ms += 5_000;
    await expect(found('k1')).resolves.toBe(true);
  });

  test('that the issuer does not have make a token invalid even while it is down', async () => {
    await found('k1');
    idp.broken = true;
    clock.ms += MINUTE;
    await expect(found('k2')).resolves.toBe(false);
  });

  test.each([
    ['is an error', { status: 500, body: JSON.stringify({ keys: [k2.jwk] }) }],
    ['is a redirect', { status: 302, body: JSON.stringify({ keys: [k2.jwk] }) }],
    ['is a page', { body: '<html>' }],
    ['is null', { body: 'null' }],
    ['is a text', { body: '"keys"' }],
    ['has no keys', { body: '{}' }],
    ['has an empty list', { body: '{"keys":[]}' }],
    [
      'has no usable key',
      { body: JSON.stringify({ keys: [rsaPair('w', 1024).jwk, null, 7, { kty: 'oct', kid: 'k1', k: 'AA' }] }) },
    ],
    ['has too many keys', { body: JSON.stringify({ keys: Array.from({ length: 101 }, () => k2.jwk) }) }],
    ['is too large', { body: ' '.repeat(300_000) }],
  ])('stay as they were where the answer %s', async (_, answer) => {
    await found('k1');
    Object.assign(idp, answer);
    clock.ms += 11 * MINUTE;
    await found('k1');
    await settled();
    expect(idp.asked).toBe(2);
    await expect(found('k1')).resolves.toBe(true);
  });

  test('are passed over one by one where they cannot be used', async () => {
    idp.body = JSON.stringify({ keys: [{ kty: 'oct', kid: 'k0', k: 'AA' }, 'junk', k1.jwk, { kty: 'PQ', kid: 'k9' }] });
    await expect(found('k1')).resolves.toBe(true);
    await expect(found('k0')).resolves.toBe(false);
  });
});

describe('keys that cannot be fetched', () => {
  let stale: number;
  const keysFor = (staleMs: number): KeySet =>
    remoteKeySets({ clock, fetchJwks: (address) => client.get(address), onStale: () => void (stale += 1) })(
      url,
      staleMs,
    );
  beforeEach(() => {
    stale = 0;
  });

  test('serve past their freshness for as long as the config says, and each token that they verify is told of', async () => {
    keys = keysFor(HOUR * 2);
    await found('k1');
    idp.broken = true;
    clock.ms += 10 * MINUTE;
    await expect(found('k1')).resolves.toBe(true);
    await settled();
    stale = 0;
    clock.ms += 2 * HOUR - 1;
    await expect(found('k1')).resolves.toBe(true);
    expect(stale).toBe(1);
    clock.ms += 1;
    await expect(found('k1')).rejects.toThrow(unavailable);
    idp.broken = false;
    clock.ms += 5_000;
    await expect(found('k1')).resolves.toBe(true);
    clock.ms += 10 * MINUTE;
    await expect(found('k1')).resolves.toBe(true);
    expect(stale).toBe(1);
  });

  test('do not serve past their freshness where the config says so', async () => {
    keys = keysFor(0);
    await found('k1');
    idp.broken = true;
    clock.ms += 10 * MINUTE - 1;
    await expect(found('k1')).resolves.toBe(true);
    clock.ms += 1;
    await expect(found('k1')).rejects.toThrow(unavailable);
    expect(stale).toBe(0);
  });
});

test('key sets of one address are one set, those of two are two', () => {
  const sets = remoteKeySets({ clock, fetchJwks: (address) => client.get(address) });
  expect(sets(url)).toBe(sets(url));
  expect(sets(url)).not.toBe(sets(`${url}2`));
  expect(sets(url)).not.toBe(sets(url, 0));
});

test('keys in the config serve without any fetch', async () => {
  await expect(fixedKeySet([k1.jwk]).find('k1', 'ES256')).resolves.toMatchObject({ kid: 'k1' });
});
