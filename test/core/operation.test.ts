import { describe, expect, test } from 'vitest';
import { isHttpMethod, isParameter, operationShape, parseOperation } from '../../src/core/operation.ts';

describe('an operation', () => {
  test('is a method and a path of literals and parameters', () => {
    expect(parseOperation('GET /issues/{id}/files/{path+}')).toEqual({
      method: 'GET',
      segments: [
        { kind: 'literal', text: 'issues' },
        { kind: 'one', name: 'id' },
        { kind: 'literal', text: 'files' },
        { kind: 'rest', name: 'path' },
      ],
    });
    expect(parseOperation('M-SEARCH /')).toEqual({ method: 'M-SEARCH', segments: [{ kind: 'literal', text: '' }] });
    expect(parseOperation('GET /a/')).not.toHaveProperty('fault');
  });

  test.each([
    ['issues', 'a method and a path'],
    ['GET issues', 'a method and a path'],
    ['get /issues', 'a method and a path'],
    ['CONNECT /x', 'CONNECT and TRACE'],
    ['TRACE /x', 'CONNECT and TRACE'],
    ['GET /a//b', 'expected segments'],
    ['GET /a/../b', 'expected segments'],
    ['GET /a%20b', 'expected segments'],
    ['GET /a b', 'expected segments'],
    ['GET /v{n}', 'expected segments'],
    ['GET /{a-b}', 'expected segments'],
    ['GET /{a+}/b', 'stands at its end'],
    ['GET /{a}/{a}', 'occurs twice'],
    [`GET ${'/a'.repeat(65)}`, 'at most 64'],
  ])('`%.40s` is none: %s', (text, fault) => {
    expect(parseOperation(text)).toEqual({ fault: expect.stringContaining(fault) });
  });

  test('has the shape of every other that the same requests could mean', () => {
    const shape = (text: string): string => {
      const parsed = parseOperation(text);
      if ('fault' in parsed) throw new Error(parsed.fault);
      return operationShape(parsed);
    };
    expect(shape('GET /a/{x}')).toBe(shape('GET /a/{y}'));
    for (const other of ['POST /a/{x}', 'GET /a/x', 'GET /a/{x+}', 'GET /b/{x}']) {
      expect(shape(other)).not.toBe(shape('GET /a/{x}'));
    }
  });
});

test('a method is a word in upper case', () => {
  expect(['GET', 'PATCH', 'PROPFIND', 'QUERY'].map(isHttpMethod)).toEqual([true, true, true, true]);
  expect(['get', '', 'G T', 'TRACE', 'CONNECT'].some(isHttpMethod)).toBe(false);
});

test('a parameter is a name, with a plus for the rest', () => {
  expect(['id', 'path+', '_x1'].every(isParameter)).toBe(true);
  expect(['a,b', '', '1a', 'a*', 'a-b', '{a}'].some(isParameter)).toBe(false);
});
