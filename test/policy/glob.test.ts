import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob, matchesPath, writeOut } from '../../src/policy/glob.ts';

/** Another way to match: a regular expression, from a glob of letters, slashes and stars. */
const oracle = (glob: string, star: string): RegExp =>
  new RegExp(`^${glob.replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : star))}$`, 's');

const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet.split('')), maxLength: 12 });

describe('a glob', () => {
  test.each([
    ['get_*', 'get_file', true],
    ['get_*', 'get_', true],
    ['get_*', 'Get_file', false],
    ['get_*', 'forget_file', false],
    ['*_file', 'get_file', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['notes*', 'notes://index', true],
    ['a.c', 'abc', false],
  ])('`%s` on `%s`: %s', (glob, text, matches) => {
    expect(matchesGlob(glob, text)).toBe(matches);
  });

  test('matches what the same regular expression matches', () => {
    fc.assert(
      fc.property(letters('ab/*'), letters('ab/'), (glob, text) => {
        expect(matchesGlob(glob, text)).toBe(oracle(glob, '.*').test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes no exponential time on any text', () => {
    const glob = `${'*a'.repeat(50)}*b`;
    expect(matchesGlob(glob, 'a'.repeat(20_000))).toBe(false);
  });
});

test('what is literal in braces is written out as it is', () => {
  const isLiteral = (inside: string): boolean => inside === 'id';
  expect(writeOut('{a,b}/{id}', isLiteral)).toEqual(['a/{id}', 'b/{id}']);
  expect(writeOut('{id}')).toEqual(['id']);
});

describe('a path', () => {
  test.each([
    ['GET /issues', 'GET /issues', true],
    ['GET /issues/*', 'GET /issues/7', true],
    ['GET /issues/*', 'GET /issues/7/comments', false],
    ['GET /issues/**', 'GET /issues/7/comments', true],
    ['GET /issues/**', 'GET /issues', true],
    ['GET /issues/**', 'GET /issuesX', false],
    ['GET /**/comments', 'GET /issues/7/comments', true],
    ['* /issues', 'POST /issues', true],
    ['* /issues', 'POST /users', false],
    ['GET /is*es', 'GET /issues', true],
    ['GET /is*es', 'GET /is/es', false],
  ])('`%s` on `%s`: %s', (glob, path, matches) => {
    expect(matchesPath(glob, path)).toBe(matches);
  });

  test('keeps a single star within its segment, whatever stands around it', () => {
    fc.assert(
      fc.property(letters('ab/*'), letters('ab/'), (pattern, text) => {
        // Only whole segments may be `**`, and here none is.
        const glob = pattern.replace(/\*+/g, '*');
        expect(matchesPath(glob, text)).toBe(oracle(glob, '[^/]*').test(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('alternatives', () => {
  test.each([
    ['plain', ['plain']],
    ['{a,b}', ['a', 'b']],
    ['get_{file, issue*}', ['get_file', 'get_issue*']],
    ['{a,b}-{1,2}', ['a-1', 'a-2', 'b-1', 'b-2']],
    ['x{a}y', ['xay']],
  ])('of `%s` are written out', (text, written) => {
    expect(writeOut(text)).toEqual(written);
  });

  test.each([
    ['{a', 'do not match'],
    ['a}', 'do not match'],
    ['a}{b', 'do not match'],
    ['{a}b}', 'do not match'],
    ['{a,{b,c}}', '`{}` in `{}`'],
    ['{a,}', 'empty alternative'],
    ['{}', 'empty alternative'],
  ])('`%s` is refused: %s', (text, fault) => {
    expect(writeOut(text)).toEqual({ fault: expect.stringContaining(fault) });
  });

  test('are bounded before they are written out', () => {
    expect(writeOut('{a,b}'.repeat(6))).toHaveLength(64);
    expect(writeOut('{a,b}'.repeat(800))).toEqual({ fault: 'more than 64 alternatives' });
  });
});
