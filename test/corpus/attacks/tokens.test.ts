// Section 3A, over the wire: whatever is wrong with a token, the answer is 401 and nothing goes up.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';
import { IDENTITY, ISSUER, token } from '../../support/waygate.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

const now = Math.floor(Date.now() / 1_000);
const CLAIMS = { sub: 'ana', agent: 'ci', iss: ISSUER, aud: 'waygate', iat: now, exp: now + 600 };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const [known] = IDENTITY.issuers[0]?.jwks.keys ?? [];
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Signed by a key of the attacker's, whatever its header says. */
function forged(header: object, claims: object = CLAIMS): string {
  const text = `${part({ alg: 'ES256', kid: 'test', ...header })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: foreign.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Signed with what everybody knows of the issuer's key. */
function hmac(secret: string): string {
  const text = `${part({ alg: 'HS256', kid: 'test' })}.${part(CLAIMS)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const shoot = (field: string): Promise<string> =>
  range.shoot(chat({ bearer: 'x' }).replace('authorization: Bearer x', field));

async function expectRefused(field: string): Promise<void> {
  const answer = await shoot(field);
  expect(statusOf(answer)).toBe(401);
  expect(answer).not.toContain('BEGIN');
  expect(range.received()).toEqual([]);
}

describe('a token that the issuer did not sign as it stands', () => {
  const jwk = foreign.publicKey.export({ format: 'jwk' });
  test.each([
    ['J-01 unsigned', `${part({ alg: 'none' })}.${part(CLAIMS)}.`],
    ['J-01 unsigned, in odd letters', `${part({ alg: 'nOnE', kid: 'test' })}.${part(CLAIMS)}.`],
    ['J-02 by the public key as a secret', hmac(JSON.stringify(known))],
    ['J-05 by a key that it brings along', forged({ jwk })],
    ['J-05 by a key that it tells the address of', forged({ jku: 'http://127.0.0.1:1/keys' })],
    ['J-05 by a certificate that it tells the address of', forged({ x5u: 'http://127.0.0.1:1/cert' })],
    ['J-07 with something critical', forged({ crit: ['x'], x: 1 })],
    ['J-08 with a body that is not encoded', forged({ b64: false })],
    ['of a key that nobody knows', forged({ kid: 'other' })],
    ['with a path for a key', forged({ kid: '../../dev/null' })],
    ['encrypted, in five parts', 'e30.a.b.c.d'],
    ['in two parts', `${part({ alg: 'ES256' })}.${part(CLAIMS)}`],
  ])('%s', async (_, text) => {
    await expectRefused(`authorization: Bearer ${text}`);
  });

  test('J-20 J-26 altered in what the signature does not cover', async () => {
    const good = await token();
    const [head, claims, signature = ''] = good.split('.');
    const last = signature.at(-1) === 'A' ? 'B' : 'A';
    const variants = [
      `${good}=`,
      `${good.slice(0, -1)}${last}`,
      `${head}.${claims}.${signature.replaceAll('-', '+').replaceAll('_', '/')}=`,
      `${head}=.${claims}.${signature}`,
      `${head}.${claims} .${signature}`,
      `${good}#`,
      `${good}?a=b`,
      `${good}.`,
    ];
    for (const variant of variants) await expectRefused(`authorization: Bearer ${variant}`);
  });
});

describe('a token that says what it must not', () => {
  test.each<[string, Record<string, unknown>]>([
    ['J-10 it is over', { exp: now - 120 }],
    ['J-11 it has not begun', { nbf: now + 600 }],
    ['J-11 it comes from the future', { iat: now + 600 }],
    ['J-13 its end is a text', { exp: '9999999999' }],
    ['J-13 it has no end', { exp: undefined }],
    ['J-14 its end is before the epoch', { exp: -1 }],
    ['J-14 it lives for years', { exp: now + 1_000_000_000 }],
    ['J-16 it is for somebody else', { aud: 'other' }],
    ['J-16 it is for nobody', { aud: undefined }],
    ['it is of another issuer', { iss: 'https://evil.test' }],
  ])('%s', async (_, claims) => {
    await expectRefused(`authorization: Bearer ${await token(claims)}`);
  });
});

describe('a token in the wrong place', () => {
  test.each([
    ['J-22 another scheme', (good: string) => `authorization: Basic ${good}`],
    ['J-22 two spaces', (good: string) => `authorization: Bearer  ${good}`],
    ['J-22 a tab', (good: string) => `authorization: Bearer\t${good}`],
    ['J-22 no scheme', (good: string) => `authorization: ${good}`],
    ['J-22 a cookie', (good: string) => `cookie: token=${good}`],
    ['VR-40 as a user', (good: string) => `authorization: Basic ${Buffer.from(`a:${good}`).toString('base64')}`],
    ['VR-02 what a query would choke on', () => `authorization: Bearer ' OR 1=1 --`],
    ['none', () => 'x-none: 1'],
  ])('%s', async (_, field) => {
    await expectRefused(field(range.bearer));
  });

  test('J-22 two of them: 400', async () => {
    const answer = await shoot(`authorization: Bearer ${range.bearer}\r\nauthorization: Bearer ${range.bearer}`);
    expect(statusOf(answer)).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test('J-22 the query', async () => {
    const target = `/v1/chat/completions?access_token=${range.bearer}`;
    const answer = await range.shoot(chat({ bearer: 'x', target }).replace('authorization: Bearer x', 'x-none: 1'));
    expect(statusOf(answer)).toBe(401);
    expect(range.received()).toEqual([]);
  });
});

describe('J-19 a token that is too large', () => {
  test.each([8_193, 12_000])('%i bytes: 401', async (bytes) => {
    await expectRefused(`authorization: Bearer ${(await token({ pad: 'x'.repeat(bytes) })).slice(0, bytes)}`);
  });

  test('1.3 MB: 431', async () => {
    expect(statusOf(await shoot(`authorization: Bearer ${'x'.repeat(1_300_000)}`))).toBe(431);
    expect(range.received()).toEqual([]);
  });
});

test('and after all of that, a sound one is taken', async () => {
  expect(await range.sound()).toBe(200);
});
