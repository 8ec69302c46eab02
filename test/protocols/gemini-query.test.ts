import { describe, expect, test } from 'vitest';
import { checkQuery } from '../../src/protocols/gemini-query.ts';

const refusal = (query: string): string => {
  try {
    checkQuery(query);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('a query', () => {
  test.each(['', '?', '?alt=sse', '?alt=json', '?%24alt=json%3Benum-encoding%3Dint', '?pageSize=1000&pageToken=a-_b='])(
    '`%s` passes',
    (query) => {
      expect(refusal(query)).toBe('');
    },
  );

  test.each(['?key=AIza-SECRET', '?alt=sse&key=', '?Key=SECRET', '?%6bey=SECRET', '?access_token=SECRET'])(
    '`%s` holds a credential: it is refused, said where to put it, and never repeated',
    (query) => {
      expect(refusal(query)).toContain('`x-goog-api-key`');
      expect(refusal(query)).not.toContain('SECRET');
    },
  );

  test.each([
    '?fields=candidates',
    '?$fields=x',
    '?$httpMethod=DELETE',
    '?$httpHeaders=x',
    '?callback=x',
    '?uploadType=media',
    '?quotaUser=x',
    '?ALT=sse',
    '?alt%00=sse',
  ])('`%s` says what Waygate does not pass on', (query) => {
    expect(refusal(query)).toContain('does not pass on');
  });

  test.each(['?alt=proto', '?alt=media', '?alt=', '?$alt=proto', '?pageSize=99999', '?pageToken=%0d%0a'])(
    '`%s` has a value that Waygate does not pass on',
    (query) => {
      expect(refusal(query)).toMatch(/a value of `[$\w]+`/);
    },
  );

  test('says one thing once', () => {
    expect(refusal('?alt=sse&alt=json')).toContain('`alt` more than once');
    expect(refusal('?alt=sse&$alt=json')).toContain('both `alt` and `$alt`');
  });

  test('that is a key by itself is not repeated', () => {
    expect(refusal('?AIzaSyA-1234567890-1234567890-123456789')).toContain('has a parameter, which');
  });
});
