import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { ALGORITHMS } from '../../src/identity/jwk.ts';
import { fixedKeySet } from '../../src/identity/jwks.ts';
import type { Issuer } from '../../src/identity/schema.ts';
import { tokenVerifier, type Verify } from '../../src/identity/verify.ts';
import {
  compact,
  ecPair,
  edPair,
  goodClaims,
  HandClock,
  ISSUER,
  issuer,
  type KeyPair,
  NOW,
  rsaPair,
  token,
} from './issuer.ts';

const ec = ecPair('k1');
const rsa = rsaPair('r1');
const stranger = ecPair('k1');

function verifierOf(config: Issuer, jwks: readonly Record<string, unknown>[]): Verify {
  return tokenVerifier([{ config, keys: fixedKeySet(jwks) }], new HandClock());
}

const both = issuer({ keys: [] }, { algorithms: ['ES256', 'RS256'] });
const verify = verifierOf(both, [ec.jwk, rsa.jwk]);

async function refusal(of: string, by: Verify = verify): Promise<GatewayError> {
  const error: unknown = await by(of).then(
    () => new Error('the token was believed'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw error;
  return error;
}

describe('a token of a trusted issuer', () => {
  const pairs: Record<string, KeyPair> = {
    ES256: ec,
    ES384: ecPair('k3', 'P-384'),
    ES512: ecPair('k5', 'P-521'),
    EdDSA: edPair('ed'),
  };
  test.each(ALGORITHMS)('signed with %s is believed where its issuer may use that algorithm', async (algorithm) => {
    const by = pairs[algorithm] ?? rsa;
    const believe = verifierOf(issuer({ keys: [] }, { algorithms: [algorithm] }), [by.jwk]);
    const { principal } = await believe(token(by, { algorithm }));
    expect(principal).toMatchObject({ subject: 'alice', credential: 'jwt', issuer: ISSUER });
  });

  test.each(ALGORITHMS)('signed with %s is refused where its issuer may not use that algorithm', async (algorithm) => {
    const by = pairs[algorithm] ?? rsa;
    const others = ALGORITHMS.filter((name) => name !== algorithm);
    const error = await refusal(
      token(by, { algorithm }),
      verifierOf(issuer({ keys: [] }, { algorithms: others }), [by.jwk]),
    );
    expect(error.message).toContain('algorithm that its issuer may not use');
  });

  test('is valid until its expiry and the tolerance of clocks', async () => {
    const { principal, validUntilMs } = await verify(token(ec));
    expect(principal.expiresAtMs).toBe((NOW + 300) * 1_000);
    expect(validUntilMs).toBe((NOW + 305) * 1_000);
  });

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', undefined])('may have the type %s', async (typ) => {
    await expect(verify(token(ec, { header: { typ } }))).resolves.toBeDefined();
  });

  test('may name several audiences, one of which is ours', async () => {
    await expect(verify(token(ec, { claims: { aud: ['other', 'gw'] } }))).resolves.toBeDefined();
  });

  test('may carry addresses and keys in its header, which are not looked at', async () => {
    const header = { jku: 'http://127.0.0.1:1/jwks', x5u: 'http://127.0.0.1:1/x', jwk: stranger.jwk, x5t: 'abc' };
    await expect(verify(token(ec, { header }))).resolves.toBeDefined();
    await expect(refusal(token(stranger, { header }))).resolves.toMatchObject({ code: 'identity.invalid' });
  });

  test.each([
    ['expired within the tolerance', { exp: NOW - 4 }],
    ['from a clock that runs a little fast', { iat: NOW + 5 }],
    ['valid from a moment that is only just to come', { nbf: NOW + 5 }],
    ['made for exactly as long as is allowed', { iat: NOW, exp: NOW + 86_400 }],
    ['with times that are no whole seconds', { iat: NOW - 0.5, exp: NOW + 0.5 }],
  ])('%s is believed', async (_, claims) => {
    await expect(verify(token(ec, { claims }))).resolves.toBeDefined();
  });
});

describe('an expired token', () => {
  test('is told apart, and its holder is told to get a new one', async () => {
    const error = await refusal(token(ec, { claims: { exp: NOW - 6 } }));
    expect(error).toMatchObject({ code: 'identity.expired', status: 401 });
    expect(error.message).toContain('get a new one');
  });

  test('with a false signature is not told that it has expired', async () => {
    await expect(refusal(token(stranger, { claims: { exp: NOW - 6 } }))).resolves.toMatchObject({
      code: 'identity.invalid',
    });
  });
});

const head = { alg: 'ES256', kid: 'k1' };
const byEc = { algorithm: 'ES256', key: ec.privateKey };
const withClaim = (name: string, value: string): string =>
  compact(head, `${JSON.stringify({ ...goodClaims, [name]: undefined }).slice(0, -1)},"${name}":${value}}`, byEc);
const good = token(ec);
const [goodHead = '', goodBody = '', goodSign = ''] = good.split('.');
const lastChanged = `${good.slice(0, -1)}${'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef'[['A', 'Q', 'g', 'w'].indexOf(good.at(-1) ?? '') + 1]}`;
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('latin1');

const SHAPE = 'neither a key of this gateway (`wgk_…`, `wgr_…`) nor a signed JWT';
const ALGORITHM = 'algorithm that its issuer may not use';
const SIGNATURE = 'signature does not match';
const KEY = 'no key of that name';
const AUDIENCE = 'another audience';

const HOSTILE: readonly (readonly [name: string, reason: string, token: string])[] = [
  ['is not signed (alg none)', SHAPE, compact({ ...head, alg: 'none' }, goodClaims, { algorithm: 'none', key: '' })],
  [
    'is not signed, but has three parts',
    ALGORITHM,
    `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${goodBody}.AA`,
  ],
  [
    'is not signed, in mixed case',
    ALGORITHM,
    `${Buffer.from('{"alg":"nOnE","kid":"k1"}').toString('base64url')}.${goodBody}.${goodSign}`,
  ],
  [
    'is signed with HS256 and the public key as PEM',
    ALGORITHM,
    compact({ alg: 'HS256', kid: 'r1' }, goodClaims, { algorithm: 'HS256', key: pem }),
  ],
  [
    'is signed with HS256 and the public key as DER',
    ALGORITHM,
    compact({ alg: 'HS256', kid: 'r1' }, goodClaims, { algorithm: 'HS256', key: der }),
  ],
  [
    'is signed with HS256 and the public key as JWK',
    ALGORITHM,
    compact({ alg: 'HS256', kid: 'r1' }, goodClaims, { algorithm: 'HS256', key: JSON.stringify(rsa.jwk) }),
  ],
  ['is signed by another key of the same name', SIGNATURE, token(stranger)],
  ['names a key of another type', KEY, token(ec, { header: { kid: 'r1' } })],
  ['names a key that its issuer does not have', KEY, token(ec, { header: { kid: 'k2' } })],
  ['names no key', 'does not name the key', token(ec, { header: { kid: undefined } })],
  ['names its key with a number', 'does not name the key', token(ec, { header: { kid: 1 } })],
  ['names no algorithm', '`alg`', token(ec, { header: { alg: undefined } })],
  ['names several algorithms', '`alg`', token(ec, { header: { alg: ['ES256'] } })],
  ['has its algorithm in lower case', ALGORITHM, token(ec, { header: { alg: 'es256' } })],
  ['has critical parameters', '`crit`', token(ec, { header: { crit: ['x'], x: 1 } })],
  ['has an empty list of critical parameters', '`crit`', token(ec, { header: { crit: [] } })],
  ['has an unencoded payload', '`crit`', token(ec, { header: { b64: false, crit: ['b64'] } })],
  ['says b64 without crit', '`b64`', token(ec, { header: { b64: false } })],
  ['is of another type', '`typ`', token(ec, { header: { typ: 'dpop+jwt' } })],
  ['has a type that is no text', '`typ`', token(ec, { header: { typ: ['JWT'] } })],
  ['has a header that is a list', 'JSON object', compact('["ES256"]', goodClaims, byEc)],
  ['has a header that is no JSON', 'JSON in UTF-8', compact('alg=ES256', goodClaims, byEc)],
  [
    'has a header that begins with a byte order mark',
    'JSON in UTF-8',
    compact('\uFEFF{"alg":"ES256","kid":"k1"}', goodClaims, byEc),
  ],
  ['has claims that are no JSON', 'JSON in UTF-8', compact(head, '{"iss":', byEc)],
  ['has claims that are null', 'JSON object', compact(head, 'null', byEc)],
  [
    'has claims that are not UTF-8',
    'JSON in UTF-8',
    compact(head, Buffer.from(JSON.stringify({ ...goodClaims, name: '\xff' }), 'latin1'), byEc),
  ],
  ['comes from another issuer', '`iss`', token(ec, { claims: { iss: 'https://evil.test' } })],
  ['names several issuers', '`iss`', token(ec, { claims: { iss: [ISSUER] } })],
  ['names no issuer', '`iss`', token(ec, { claims: { iss: undefined } })],
  ['names no audience', 'lacks the claim `aud`', token(ec, { claims: { aud: undefined } })],
  ['is meant for another audience', AUDIENCE, token(ec, { claims: { aud: 'gw2' } })],
  [
    'is meant for many audiences, none of them ours',
    AUDIENCE,
    token(ec, { claims: { aud: Array.from({ length: 500 }, (_, i) => `a${i}`) } }),
  ],
  ['names an object as its audience', AUDIENCE, token(ec, { claims: { aud: { gw: true } } })],
  ['names no subject', 'lacks the claim `sub`', token(ec, { claims: { sub: undefined } })],
  ['names an empty subject', 'claim `sub` must', token(ec, { claims: { sub: '' } })],
  ['has a number as its subject', 'claim `sub` must', token(ec, { claims: { sub: 7 } })],
  ['has no expiry', 'lacks the claim `exp`', token(ec, { claims: { exp: undefined } })],
  ['has a text as its expiry', '`exp` is malformed', withClaim('exp', '"9999999999"')],
  ['has null as its expiry', '`exp` is malformed', withClaim('exp', 'null')],
  ['has true as its expiry', '`exp` is malformed', withClaim('exp', 'true')],
  ['has a list as its expiry', '`exp` is malformed', withClaim('exp', '[9999999999]')],
  ['never expires (1e400)', '`exp` is not a time', withClaim('exp', '1e400')],
  ['expires beyond all time (2^63)', '`exp` is not a time', withClaim('exp', '9223372036854775808')],
  ['expires beyond all time (1.5e300)', '`exp` is not a time', withClaim('exp', '1.5e300')],
  [
    'is valid for longer than its issuer may give',
    '`maxLifetimeSeconds`',
    token(ec, { claims: { iat: NOW, exp: NOW + 86_401 } }),
  ],
  ['does not say when it was issued', 'lacks the claim `iat`', token(ec, { claims: { iat: undefined } })],
  ['was issued in the future', '`iat` lies in the future', token(ec, { claims: { iat: NOW + 6 } })],
  ['was issued before all time', '`iat` lies in the future or is not a time', withClaim('iat', '-1e400')],
  ['has a text as its time of issue', '`iat` is malformed', withClaim('iat', `"${NOW}"`)],
  ['is not valid yet', '`nbf`', token(ec, { claims: { nbf: NOW + 6 } })],
  ['is valid from a text', '`nbf`', token(ec, { claims: { nbf: `${NOW}` } })],
  ['has an altered last character', SHAPE, lastChanged],
  [
    'has an altered payload',
    SIGNATURE,
    `${goodHead}.${Buffer.from(JSON.stringify({ ...goodClaims, sub: 'root' })).toString('base64url')}.${goodSign}`,
  ],
  ['has padding', SHAPE, `${good}=`],
  ['has a space inside', SHAPE, `${goodHead}. ${goodBody}.${goodSign}`],
  ['has a line end inside', SHAPE, `${goodHead}.${goodBody}\n.${goodSign}`],
  ['has a `#` inside', SHAPE, `${goodHead}.${goodBody}#.${goodSign}`],
  ['has the other alphabet of base64', SHAPE, `${goodHead}.${goodBody}.${goodSign.slice(0, -4)}++//`],
  ['has no signature', SHAPE, `${goodHead}.${goodBody}.`],
  ['has two parts', SHAPE, `${goodHead}.${goodBody}`],
  ['has four parts', SHAPE, `${good}.AA`],
  ['has five parts, as if encrypted', SHAPE, `${goodHead}.AA.AA.AA.AA`],
  [
    'has claims nested 2000 deep in a claim that is read',
    'claim `sub` must',
    withClaim('sub', '['.repeat(2_000) + ']'.repeat(2_000)),
  ],
  ['is a provider’s key', SHAPE, 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'],
];

describe('a token that', () => {
  test.each(HOSTILE)('%s is refused as invalid, for %s', async (_, reason, hostile) => {
    const error = await refusal(hostile);
    expect(error).toMatchObject({ code: 'identity.invalid', status: 401, retry: false });
    expect(error.message).toContain(reason);
  });

  test('is made like the hostile ones, but says nothing wrong, is believed', async () => {
    await expect(verify(withClaim('exp', String(NOW + 300)))).resolves.toBeDefined();
    await expect(verify(`${goodHead}.${goodBody}.${goodSign}`)).resolves.toBeDefined();
  });

  test('is longer than its issuer may write is refused, however well signed', async () => {
    const long = token(ec, { claims: { pad: 'x'.repeat(8_192) } });
    await expect(refusal(long)).resolves.toMatchObject({
      code: 'identity.invalid',
      message: expect.stringContaining('8192 bytes'),
    });
    const patient = verifierOf(issuer({ keys: [] }, { maxTokenBytes: 16_384 }), [ec.jwk]);
    await expect(patient(long)).resolves.toBeDefined();
  });

  test('is signed with a key too weak for its algorithm finds no key', async () => {
    const weak = rsaPair('weak', 1024);
    const error = await refusal(token(weak, { algorithm: 'RS256' }), verifierOf(both, [weak.jwk]));
    expect(error.message).toContain('no key of that name');
  });

  test('was altered anywhere is never believed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: good.length - 1 }),
        fc.constantFrom('A', 'z', '0', '-', '_', '.', '=', ' ', '\u00e9'),
        async (at, by) => {
          const altered = good.slice(0, at) + by + good.slice(at + 1);
          fc.pre(altered !== good);
          expect((await refusal(altered)).code).toBe('identity.invalid');
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is of one issuer is not believed with the keys of another', async () => {
    const other = ecPair('k1');
    const two = tokenVerifier(
      [
        { config: both, keys: fixedKeySet([ec.jwk]) },
        { config: { ...both, issuer: 'https://other.test' }, keys: fixedKeySet([other.jwk]) },
      ],
      new HandClock(),
    );
    await expect(two(token(ec))).resolves.toBeDefined();
    await expect(two(token(other, { claims: { iss: 'https://other.test' } }))).resolves.toBeDefined();
    await expect(refusal(token(ec, { claims: { iss: 'https://other.test' } }), two)).resolves.toMatchObject({
      code: 'identity.invalid',
    });
    await expect(refusal(token(other), two)).resolves.toMatchObject({ code: 'identity.invalid' });
  });
});

describe('a refusal', () => {
  test('names what was wrong, and repeats nothing of the token', async () => {
    for (const [, , hostile] of HOSTILE) {
      const { message, cause } = await refusal(hostile);
      const said = `${message} ${String(cause)}`;
      for (const part of hostile.split('.').filter((one) => one.length > 8)) expect(said).not.toContain(part);
      expect(said).not.toMatch(/alice|evil\.test|gw2/);
    }
  });
});
