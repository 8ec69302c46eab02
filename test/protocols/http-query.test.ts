import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { queryWithLists, readQuery } from '../../src/protocols/http-query.ts';

describe('a query', () => {
  test.each([
    ['', {}],
    ['?', {}],
    ['?a=1&b', { a: '1', b: '' }],
    ['?&&a=1&', { a: '1' }],
    ['?a=b=c', { a: 'b=c' }],
    ['?q=a+b%2Bc%20d', { q: 'a b+c d' }],
    ['?caf%C3%A9=%E2%82%AC', { café: '€' }],
    ['?tag[]=1', { 'tag[]': ['1'] }],
    ['?tag%5B%5D=1&tag[]=2', { 'tag[]': ['1', '2'] }],
    ['?a=1&%61=2&a=3', { a: ['1', '2', '3'] }],
  ])('%s is %j', (query, expected) => {
    expect(readQuery(query)).toEqual(expected);
  });

  test.each([
    '?a=1;b=2',
    '?a=1?b=2',
    '?a=%',
    '?a=%ff',
    '?%c0%80=1',
    '?a=%00',
    '?_method=PUT',
    '?_METHOD=PUT',
    '?x-http-method-override=PUT',
    `?${'a&'.repeat(256)}`,
  ])('%.40s is refused', (query) => {
    expect(() => readQuery(query)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  test('holds no name of an object’s own', () => {
    const query = readQuery('?__proto__=1&constructor=2');
    expect(Object.keys(query)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(query)).toBe(Object.prototype);
  });

  test('reads what the URL standard writes', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 5 })
      .filter((text) => !/\0|_method|\[\]$/i.test(text));
    const value = fc.string({ unit: 'grapheme', maxLength: 5 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (values) => {
        expect(readQuery(`?${new URLSearchParams(values).toString()}`)).toEqual(values);
      }),
    );
  });
});

describe('lists', () => {
  test('are what the config names and what ends in brackets, also where they occur once', () => {
    const lists = new Set(['label']);
    expect(queryWithLists(readQuery('?label=a&q=1&t[]=2'), lists)).toEqual({ label: ['a'], q: '1', 't[]': ['2'] });
    expect(queryWithLists(readQuery('?label=a&label=b'), lists)).toEqual({ label: ['a', 'b'] });
    expect(() => queryWithLists(readQuery('?q=a&q=b'), lists)).toThrow(/`q` occurs more than once/);
  });
});
