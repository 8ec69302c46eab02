import { describe, expect, test } from 'vitest';
import type { Headers } from '../../src/core/exchange.ts';
import { credentialOf } from '../../src/identity/credential.ts';

describe('the credential of a request', () => {
  test.each<[string, Headers]>([
    ['authorization', { authorization: 'Bearer t0ken' }],
    ['authorization in any case', { authorization: 'bEARER t0ken' }],
    ['x-api-key', { 'x-api-key': 't0ken' }],
    ['x-goog-api-key', { 'x-goog-api-key': 't0ken' }],
    ['api-key', { 'api-key': 't0ken' }],
    ['several headers that agree', { authorization: 'Bearer t0ken', 'x-api-key': 't0ken', 'api-key': 't0ken' }],
    ['one header while another is empty', { authorization: 'Bearer t0ken', 'x-api-key': '' }],
  ])('is taken from %s', (_, headers) => {
    expect(credentialOf(headers)).toBe('t0ken');
  });

  test.each<[string, Headers]>([
    ['nothing', {}],
    ['only empty headers', { 'x-api-key': '', authorization: '' }],
    ['a cookie', { cookie: 'token=t0ken' }],
    ['a header of another gateway', { 'x-auth-token': 't0ken' }],
  ])('is missing from a request with %s, and the refusal says where it goes', (_, headers) => {
    expect(() => credentialOf(headers)).toThrow(
      expect.objectContaining({
        code: 'identity.missing',
        message: expect.stringMatching(/Bearer.*x-api-key.*x-goog-api-key.*api-key/),
      }),
    );
  });

  test.each<[string, Headers]>([
    ['authorization and x-api-key disagree', { authorization: 'Bearer one', 'x-api-key': 'two' }],
    ['x-api-key and api-key disagree', { 'x-api-key': 'one', 'api-key': 'two' }],
    ['x-goog-api-key differs in one letter', { 'x-api-key': 'one', 'x-goog-api-key': 'One' }],
    ['x-api-key occurs twice', { 'x-api-key': ['one', 'one'] }],
    ['authorization occurs twice', { authorization: ['Bearer one', 'Bearer two'] }],
  ])('is ambiguous where %s', (_, headers) => {
    expect(() => credentialOf(headers)).toThrow(
      expect.objectContaining({
        code: 'identity.invalid',
        message: expect.stringContaining('two different credentials'),
      }),
    );
  });

  test.each([
    'Basic dXNlcjpwdw==',
    'Bearer  t0ken',
    'Bearer\tt0ken',
    'Bearer t0ken ',
    'Bearer one two',
    'Bearer',
    'Bearer ',
    't0ken',
    'Bearer a, Bearer b',
  ])('is malformed in `authorization: %s`', (authorization) => {
    expect(() => credentialOf({ authorization })).toThrow(
      expect.objectContaining({ code: 'identity.invalid', message: expect.stringContaining('Bearer TOKEN') }),
    );
  });
});
