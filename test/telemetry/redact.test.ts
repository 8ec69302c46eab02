import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactor, remembering } from '../../src/telemetry/redact.ts';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl';
const { mask } = redactor();

describe('redactor', () => {
  test.each([
    ['a bearer token', `got Bearer abc.def-ghi`, 'abc.def-ghi'],
    ['a JWT on its own', `token ${JWT} is late`, JWT],
    ['a provider key', 'key sk-proj-0123456789abcdef', 'sk-proj-0123456789abcdef'],
    ['a key of ours', 'key wgk_01ABcdEF_xyz', 'wgk_01ABcdEF_xyz'],
    ['a run key', 'key wgr_YWNtZQ_xyzXYZ0', 'wgr_YWNtZQ_xyzXYZ0'],
    ['basic credentials', 'Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['a password in an address', 'redis://user:hunter2hunter@redis:6379', 'hunter2hunter'],
    ['a header in JSON', '{"x-api-key":"my \\" odd, key"}', 'odd'],
    ['a list in JSON', '{"Authorization":["one-value","another-value"]}', 'another-value'],
    ['cookies', 'cookie: a=first; b=second', 'second'],
    ['cookies in JSON', '{"set-cookie":["a=first; path=/"]}', 'first'],
    ['a header in a text', 'api-key=plainvalue', 'plainvalue'],
    ['a header in JSON in JSON', '{"body":"{\\"api_key\\":\\"plainvalue\\"}"}', 'plainvalue'],
    ['a query', 'GET /v1?access_token=plainvalue&x=1', 'plainvalue'],
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
  ])('%s does not stay', (_, text, secret) => {
    expect(mask(text)).not.toContain(secret);
    expect(mask(text)).toContain('[redacted]');
  });

  test.each([
    'the api key is missing',
    'max_tokens: 12',
    'unknown action `tool.cal`',
    'https://idp.example/jwks',
    'bearer',
    '',
  ])('%s stays as it is', (text) => {
    expect(mask(text)).toBe(text);
  });

  test('JSON stays JSON', () => {
    const line = JSON.stringify({
      authorization: `Bearer ${JWT}`,
      cookie: ['a=1', 'b=2'],
      message: `password=abcdefgh "x"`,
      n: 1,
    });
    expect(JSON.parse(mask(line))).toMatchObject({ authorization: '[redacted]', cookie: '[redacted]', n: 1 });
  });

  test('a known secret goes in every form that it may take', () => {
    const secret = 'p@ss"wörd/ long+one';
    const known = redactor([secret]);
    const bytes = Buffer.from(secret);
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      bytes.toString('hex'),
      bytes.toString('base64url'),
    ]) {
      expect(known.mask(`<${form}>`)).toBe('<[redacted]>');
    }
  });

  test('a secret learnt later goes too, and one that contains another goes whole', () => {
    const known = redactor(['abcdef']);
    known.learn(['abcdefghij', 'tiny']);
    expect(known.mask('abcdefghij abcdef tiny')).toBe('[redacted] [redacted] tiny');
  });

  test('no known secret survives, whatever stands around it', () => {
    const secret = 'Zx9(.*)+Canary$';
    const known = redactor([secret]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        expect(known.mask(before + secret + after)).not.toContain(secret);
      }),
    );
  });

  test.each([
    ['JWT beginnings', 'eyJ-'.repeat(50_000)],
    ['spaces', `cookie=${' '.repeat(200_000)}"`],
    ['one long word', 'a'.repeat(200_000)],
    ['addresses', '://a'.repeat(50_000)],
    ['open quotes', '"authorization":"'.repeat(20_000)],
  ])('a long text of %s takes time in proportion to its length', (_, text) => {
    const started = performance.now();
    mask(text);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a remembering mask', () => {
  test('masks a text once, and forgets before it has grown large', () => {
    let masked = 0;
    const remember = remembering((text) => {
      masked += 1;
      return text.toUpperCase();
    });
    expect([remember('a'), remember('a')]).toEqual(['A', 'A']);
    expect(masked).toBe(1);
    for (let index = 0; index < 1_024; index += 1) remember(`text ${index}`);
    remember('a');
    expect(masked).toBe(1_026);
    expect(remember('x'.repeat(10_000))).toBe('X'.repeat(512));
  });
});
