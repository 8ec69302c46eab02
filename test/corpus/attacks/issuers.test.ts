// Section 3A once more, now with tokens that the issuer itself has signed, and with an issuer that publishes what it likes.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSink, type Server as Sink } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compact, ecPair, type KeyPair, rsaPair } from '../../identity/issuer.ts';
import { chat, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';
import { IDENTITY } from '../../support/waygate.ts';

const ISSUER = 'https://idp.test';
const ec = ecPair('k1');
const rsa = rsaPair('r1');
const now = Math.floor(Date.now() / 1_000);
const CLAIMS = { iss: ISSUER, aud: 'waygate', sub: 'ana', iat: now, exp: now + 600 };
const by = (pair: KeyPair, algorithm = 'ES256') => ({ algorithm, key: pair.privateKey });
const signed = (header: object, claims: unknown = CLAIMS): string =>
  compact({ alg: 'ES256', kid: 'k1', ...header }, claims, by(ec));
/** Claims in which one has this text as its value, which JSON.stringify could not write. */
const withText = (name: string, text: string): string =>
  `${JSON.stringify({ ...CLAIMS, [name]: undefined }).slice(0, -1)},"${name}":${text}}`;

const identityOf = (jwks: object) => ({
  identity: {
    issuers: [
      ...IDENTITY.issuers,
      { issuer: ISSUER, audience: 'waygate', algorithms: ['ES256', 'RS256'], jwks, claims: { tenant: 'org' } },
    ],
  },
  outbound: { allowLoopback: true },
});

const ask = (range: Range, token: string): Promise<string> => range.shoot(chat({ bearer: token }));

describe('the keys of an issuer are fixed', () => {
  let range: Range;
  let sink: Sink;
  let connects = 0;
  beforeAll(async () => {
    sink = createSink((socket) => {
      connects += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    range = await openRange(identityOf({ keys: [ec.jwk, rsa.jwk] }));
  });
  afterAll(async () => {
    await range.close();
    sink.close();
  });

  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('latin1');
  const hs256 = (secret: string): string =>
    compact({ alg: 'HS256', kid: 'r1' }, CLAIMS, { algorithm: 'HS256', key: secret });

  test.each([
    ['J-02 the public key in PEM as a secret', hs256(pem)],
    ['J-02 the public key in DER as a secret', hs256(der)],
    ['J-02 the public key as JWK as a secret', hs256(JSON.stringify(rsa.jwk))],
    ['J-07 an empty list of what is critical', signed({ crit: [] })],
    ['J-07 something critical that is not there', signed({ crit: ['x'] })],
    ['J-07 something critical that is there', signed({ crit: ['x'], x: 1 })],
    ['J-08 an unencoded body, and critical', signed({ b64: false, crit: ['b64'] })],
    ['J-08 an unencoded body', signed({ b64: false })],
    ['J-08 an encoded body, said so', signed({ b64: true })],
    ['J-10 over, and past the tolerance of clocks', signed({}, { ...CLAIMS, exp: now - 60 })],
    ['J-11 to begin, past the tolerance of clocks', signed({}, { ...CLAIMS, nbf: now + 60 })],
    ['J-11 from the future', signed({}, { ...CLAIMS, iat: now + 60 })],
    ...['"9999999999"', 'null', 'true', '[]', '{}'].map((text) => [
      `J-13 it ends at ${text}`,
      signed({}, withText('exp', text)),
    ]),
    ...['1e400', '9223372036854775808', '-1', '1.5e300', '-1e400'].map((text) => [
      `J-14 it ends at ${text}`,
      signed({}, withText('exp', text)),
    ]),
    ['J-14 it lives longer than a day', signed({}, { ...CLAIMS, exp: now + 90_000 })],
    ['J-16 for several others', signed({}, { ...CLAIMS, aud: ['a', 'b'] })],
    ['J-16 for nobody', signed({}, { ...CLAIMS, aud: [] })],
    ['J-16 for an object', signed({}, { ...CLAIMS, aud: { waygate: true } })],
    [
      'J-16 for 10,000 others',
      signed({}, { ...CLAIMS, aud: Array.from({ length: 10_000 }, (_, index) => `a${index}`) }),
    ],
    [
      'J-17 an ID token, which is for the client',
      signed({ typ: 'JWT' }, { ...CLAIMS, aud: 'client-1', nonce: 'n', at_hash: 'x' }),
    ],
    ['J-17 the token of a logout', signed({ typ: 'logout+jwt' })],
    ['J-17 a proof of possession', signed({ typ: 'dpop+jwt' })],
    [
      'J-19 10,000 claims',
      signed({}, { ...CLAIMS, ...Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`c${index}`, 1])) }),
    ],
    ['J-19 a tenant nested 2,000 deep', signed({}, withText('org', '['.repeat(2_000) + ']'.repeat(2_000)))],
  ])('%s: refused', async (_, token) => {
    expect(statusOf(await ask(range, token))).toBe(token.length > 16_000 ? 431 : 401);
    expect(range.received()).toEqual([]);
  });

  test.each<[string, object]>([
    ['J-10 over, but within the tolerance of clocks', { exp: now - 1 }],
    ['J-16 for several, one of which we are', { aud: ['other', 'waygate'] }],
    ...['__proto__', 'constructor', 'toString'].map(
      (org) => [`D-04 of the tenant \`${org}\``, { org }] as [string, object],
    ),
  ])('%s: taken', async (_, claims) => {
    expect(statusOf(await ask(range, signed({}, { ...CLAIMS, org: 'acme', ...claims })))).toBe(200);
    expect(range.received()).toHaveLength(1);
  });

  test('J-05 no address that a token names is asked for keys, whoever signed it', async () => {
    const { port } = sink.address() as AddressInfo;
    const stranger = ecPair('k1');
    const at = `http://127.0.0.1:${port}/keys`;
    for (const header of [
      { jku: at },
      { x5u: at },
      { jwk: stranger.jwk },
      { x5c: ['MIIB'] },
      { jku: at, kid: 'unknown' },
    ]) {
      const forged = compact({ alg: 'ES256', kid: 'k1', ...header }, CLAIMS, by(stranger));
      expect(statusOf(await ask(range, forged))).toBe(401);
      await ask(range, signed(header));
    }
    expect(connects).toBe(0);
  });

  test('J-26 a token in another encoding is no other token that is believed', async () => {
    const good = signed({}, { ...CLAIMS, org: 'acme' });
    expect(statusOf(await ask(range, good))).toBe(200);
    const [head, body, sign = ''] = good.split('.');
    const index = sign.length - 1;
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (last === sign[index]) continue;
      expect(statusOf(await ask(range, `${head}.${body}.${sign.slice(0, index)}${last}`))).toBe(401);
    }
  });
});

describe('an issuer publishes its keys', () => {
  let idp: Server | undefined;
  let range: Range | undefined;
  afterEach(async () => {
    await range?.close();
    idp?.closeAllConnections();
    idp?.close();
    range = idp = undefined;
  });

  async function start(publish: (response: ServerResponse, asked: number) => void): Promise<Range> {
    let asked = 0;
    idp = createServer((_, response) => publish(response, (asked += 1)));
    await new Promise<void>((resolve) => idp?.listen(0, '127.0.0.1', resolve));
    range = await openRange(identityOf({ url: `http://127.0.0.1:${(idp.address() as AddressInfo).port}/jwks` }));
    return range;
  }
  const keys = (...list: readonly unknown[]): string => JSON.stringify({ keys: list });
  const mine = signed({}, { ...CLAIMS, org: 'acme' });

  test.each<[string, (response: ServerResponse) => void]>([
    ['an error', (response) => void response.writeHead(500).end(keys(ec.jwk))],
    ['a page', (response) => void response.end('<html>')],
    ['a redirect to good keys', (response) => void response.writeHead(302, { location: '/other' }).end(keys(ec.jwk))],
    ['nothing', (response) => void response.end('{}')],
    ['no keys', (response) => void response.end(keys())],
    ['null for a key', (response) => void response.end(keys(null, 'x', 7))],
    ['10,000 keys', (response) => void response.end(keys(...Array.from({ length: 10_000 }, () => ({ kty: 'oct' }))))],
    ['100 MB', (response) => void response.end(Buffer.alloc(104_857_600, ' '))],
    [
      'a bomb in gzip',
      (response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50_000_000))),
    ],
    [
      'good keys in brotli',
      (response) => void response.setHeader('content-encoding', 'br').end(brotliCompressSync(keys(ec.jwk))),
    ],
    ['a connection that ends', (response) => void response.destroy()],
    ['only a key that is too weak', (response) => void response.end(keys({ ...rsaPair('k1', 1024).jwk }))],
    ['J-04 only a shared secret', (response) => void response.end(keys({ kty: 'oct', kid: 'k1', k: 'c2VjcmV0' }))],
    [
      'J-04 its own secret key',
      (response) => void response.end(keys({ ...ec.privateKey.export({ format: 'jwk' }), kid: 'k1' })),
    ],
  ])('J-25 and answers %s: nobody is let in, and those of other issuers still are', async (_, publish) => {
    const target = await start(publish);
    const answer = await ask(target, mine);
    expect(statusOf(answer)).toBe(503);
    expect(answer).toContain('identity.unavailable');
    expect(target.received()).toEqual([]);
    expect(await target.sound()).toBe(200);
  });

  test('J-25 two keys of one name, or one that is unusable beside a good one, hurt nobody', async () => {
    await start(
      (response) =>
        void response.end(keys({ kty: 'oct', kid: 'k1', k: 'AA' }, rsaPair('k1', 1024).jwk, ec.jwk, rsa.jwk)),
    );
    expect(statusOf(await ask(range as Range, mine))).toBe(200);
    expect(
      statusOf(
        await ask(range as Range, compact({ alg: 'RS256', kid: 'r1' }, { ...CLAIMS, org: 'acme' }, by(rsa, 'RS256'))),
      ),
    ).toBe(200);
  });

  test('J-04 a shared secret among the keys signs nothing', async () => {
    await start((response) => void response.end(keys({ kty: 'oct', kid: 'h1', alg: 'HS256', k: 'c2VjcmV0' }, ec.jwk)));
    const forged = compact({ alg: 'HS256', kid: 'h1' }, CLAIMS, { algorithm: 'HS256', key: 'secret' });
    expect(statusOf(await ask(range as Range, forged))).toBe(401);
    expect(statusOf(await ask(range as Range, mine))).toBe(200);
  });

  test('J-25 and fails later: the keys that are known go on to serve, and a key that is not known is refused', async () => {
    await start((response, asked) => {
      response.setHeader('cache-control', 'max-age=0');
      if (asked === 1) response.end(keys(ec.jwk));
      else response.writeHead(500).end();
    });
    expect(statusOf(await ask(range as Range, mine))).toBe(200);
    expect(statusOf(await ask(range as Range, signed({ kid: 'k2' })))).toBe(401);
    expect(statusOf(await ask(range as Range, signed({}, { ...CLAIMS, org: 'acme', jti: '2' })))).toBe(200);
  });
});
