import { describe, expect, test } from 'vitest';
import { delegationFault, delegationSchema } from '../../src/signing/schema.ts';

const parse = (value: object) => delegationSchema.safeParse({ issuer: 'https://gw.example', ...value });
const parsed = (value: object) => delegationSchema.parse({ issuer: 'https://gw.example', ...value });

describe('the configuration of delegation', () => {
  test('needs no more than the address of the gateway', () => {
    expect(parsed({})).toEqual({
      issuer: 'https://gw.example',
      algorithm: 'ES256',
      rotateDays: 30,
      tokenSeconds: 600,
      maxSeconds: 3_600,
      depthMax: 8,
      actors: [],
    });
  });

  test.each([
    'https://gw.example/waygate',
    'https://gw.example:8443',
    'http://127.0.0.1:4000',
    'http://localhost:4000',
  ])('takes %s as its address', (issuer) => {
    expect(parse({ issuer }).success).toBe(true);
  });

  test.each([
    'gw.example',
    'http://gw.example',
    'https://gw.example/',
    'https://gw.example/a/',
    'https://gw.example?x',
    'https://gw.example#x',
    'https://me:secret@gw.example',
    'https://me@gw.example',
    'https://:secret@gw.example',
    'https://GW.example',
    'ftp://gw.example',
  ])('does not take %s as its address', (issuer) => {
    expect(parse({ issuer }).success).toBe(false);
  });

  test.each<[string, object, string]>([
    ['a secret itself', { wrapKey: 'c2VjcmV0' }, 'never the secret itself'],
    ['both kinds of keys', { wrapKey: 'env:A', keys: ['env:B'] }, '`wrapKey` is for generated keys'],
    ['more time than the most', { tokenSeconds: 4_000 }, 'no more than `maxSeconds`'],
    ['trees that are deeper than a chain of actors', { depthMax: 9 }, '8'],
  ])('refuses %s', (_, value, words) => {
    expect(JSON.stringify(parse(value).error?.issues)).toContain(words);
  });

  test('is refused with Redis where private keys would lie there as they are', () => {
    const beside = { store: 'redis', issuers: [] };
    expect(delegationFault(parsed({}), beside)).toMatchObject({
      path: ['wrapKey'],
      message: expect.stringContaining('unencrypted'),
    });
    expect(delegationFault(parsed({ wrapKey: 'env:W' }), beside)).toBeUndefined();
    expect(delegationFault(parsed({ keys: ['env:K'] }), beside)).toBeUndefined();
    expect(delegationFault(parsed({}), { ...beside, store: 'memory' })).toBeUndefined();
  });

  test('is refused where another issuer has its name', () => {
    const beside = { store: 'memory', issuers: ['https://gw.example'] };
    expect(delegationFault(parsed({}), beside)).toMatchObject({ path: ['issuer'] });
  });
});
