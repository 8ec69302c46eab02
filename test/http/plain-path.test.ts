import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainPath } from '../../src/http/plain-path.ts';

describe('the plain form of a path', () => {
  test.each([
    ['/', '/'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/http/files/a%20b', '/http/files/a%20b'],
    ['/http/files/caf%C3%A9/', '/http/files/caf%C3%A9/'],
    ['/http/files/a%40b%3Ac%2Bd', '/http/files/a@b:c+d'],
    ['/http/files/%7Bid%7D', '/http/files/%7Bid%7D'],
  ])('of %s is %s', (path, plain) => {
    expect(plainPath(path)).toBe(plain);
  });

  test.each([
    '/v1/caf%C3%A9',
    '/mcp/files/a%20b',
    '/http/files%20/a',
    '/http/%66iles/a%20b',
    '/http/files/%61',
    '/http/files/%7E',
    '/http/files/caf%c3%a9',
    '/http/files/%2E%2E/a%20b',
    '/http/files/a%2Fb',
    '/http/files/a%5Cb',
    '/http/files/a%25b',
    '/http/files/a%3Fb',
    '/http/files/a%23b',
    '/http/files/a%3Bb',
    '/http/files/a%0Ab',
    '/http/files/a%7Fb',
    '/http/files/a%C2%85b',
    '/http/files/%20a',
    '/http/files/a%20',
    '/http/files/%C0%AF',
    '/http/files/%FF',
    '/http/files/%EF%BC%8F',
    '/http/files/e%CC%81',
    '/http/files/a%20b//c',
    '/http/files//a%20b',
    '/http/files/a%2',
    '/http/files/é',
  ])('%s has none', (path) => {
    expect(plainPath(path)).toBeUndefined();
  });

  test('is the only spelling of its segments: whatever decodes alike is plain alike', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(name, (text) => {
        const path = `/http/files/${encodeURIComponent(text)}`;
        const plain = plainPath(path);
        if (plain === undefined) return;
        expect(decodeURIComponent(plain)).toBe(`/http/files/${text}`);
        expect(plainPath(plain)).toBe(plain);
        expect(new URL(`http://h${plain}`).pathname).toBe(plain);
        expect(text).not.toMatch(/[/\\%?#;]/);
      }),
      { numRuns: 2_000 },
    );
  });
});
