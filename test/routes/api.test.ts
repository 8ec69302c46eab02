import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { httpApi } from '../../src/routes/api.ts';

const api = httpApi({
  operations: [
    'GET /',
    'GET /issues',
    'GET /issues/{id}',
    'GET /issues/search',
    'GET /{any}/search/deep',
    'POST /issues/{id}/comments',
    'GET /files/{path+}',
    'GET /files/{name}/meta',
  ],
  lists: ['label'],
});

describe('declared operations', () => {
  test.each([
    ['GET', '/', 'GET /', {}],
    ['GET', '/issues', 'GET /issues', {}],
    ['GET', '/issues/7', 'GET /issues/{id}', { id: '7' }],
    ['GET', '/issues/search', 'GET /issues/search', {}],
    ['GET', '/issues/search/deep', 'GET /{any}/search/deep', { any: 'issues' }],
    ['POST', '/issues/a%20b/comments', 'POST /issues/{id}/comments', { id: 'a b' }],
    ['GET', '/files/a', 'GET /files/{path+}', { path: 'a' }],
    ['GET', '/files/a/b%C3%A9/', 'GET /files/{path+}', { path: 'a/bé/' }],
    ['GET', '/files/a/meta', 'GET /files/{name}/meta', { name: 'a' }],
    ['GET', '/files/a/meta/x', 'GET /files/{path+}', { path: 'a/meta/x' }],
  ])('%s %s is `%s`', (method, path, name, parameters) => {
    expect(api.find(method, path)).toEqual({ name, parameters, lists: new Set(['label']) });
  });

  test.each([
    ['GET', '/issues/'],
    ['GET', '/Issues'],
    ['GET', '/files/'],
    ['GET', '/issues/7/comments'],
    ['POST', '/issues'],
    ['HEAD', '/issues'],
  ])('%s %s is none of them', (method, path) => {
    expect(api.find(method, path)).toBeUndefined();
  });

  test('know the methods of a path', () => {
    expect(api.methodsOf('/issues/7')).toEqual(['GET']);
    expect(api.methodsOf('/issues/7/comments')).toEqual(['POST']);
    expect(api.methodsOf('/nowhere')).toEqual([]);
  });

  test('give a parameter no name of an object’s own', () => {
    const { parameters } = httpApi({ operations: ['GET /{__proto__}'], lists: [] }).find('GET', '/x') ?? {};
    expect(Object.entries(parameters ?? {})).toEqual([['__proto__', 'x']]);
  });

  test('are found as a regular expression of the template would find them', () => {
    const segment = fc.constantFrom('a', 'b', '{x}', '{y}');
    const template = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map((part, index) => (part.startsWith('{') ? `{p${index}}` : part)).join('/'));
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(template, { minLength: 1, maxLength: 6 }), path, (templates, asked) => {
        const found = httpApi({ operations: templates.map((text) => `GET /${text}`), lists: [] }).find(
          'GET',
          `/${asked}`,
        );
        const fitting = templates.filter((text) => new RegExp(`^${text.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked));
        expect(found !== undefined).toBe(fitting.length > 0);
        if (found) expect(fitting.map((text) => `GET /${text}`)).toContain(found.name);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('where none are declared, the method and the plain path are the name', () => {
  const open = httpApi({ operations: [], lists: [] });
  expect(open.find('PUT', '/a/7')).toEqual({ name: 'PUT /a/7', parameters: {}, lists: new Set() });
  expect(open.methodsOf('/a')).toEqual([]);
});

test('what the config would have refused is a bug', () => {
  expect(() => httpApi({ operations: ['nonsense'], lists: [] })).toThrow(/bug/);
});
