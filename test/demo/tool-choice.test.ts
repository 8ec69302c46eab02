import { describe, expect, test } from 'vitest';
import { argumentsFor, findMention } from '../../src/demo/tool-choice.ts';

describe('finding a tool in a text', () => {
  test.each([
    ['add', 'call add now', 5],
    ['add', 'address, add-on, readd: add', 24],
    ['add', 'an addition', undefined],
    ['mcp__demo__read_note', 'use read_note', 4],
    ['mcp__demo__read_note', 'use mcp__demo__read_note', 4],
    ['read', 'use read_note', undefined],
    ['', 'anything', undefined],
    ['odd__', 'anything', undefined],
  ])('%j in %j is at %j', (name, text, at) => {
    expect(findMention(name, text)?.at).toBe(at);
  });
});

describe('arguments', () => {
  const typed = (type: string, more: object = {}) => ({
    name: 'do',
    schema: { type: 'object', properties: { x: { type, ...more } }, required: ['x'] },
  });

  test.each([
    ['string', 'do the dishes', 'the dishes'],
    ['number', 'do 2.5 times', 2.5],
    ['integer', 'do -7', -7],
    ['integer', 'do it', 0],
    ['boolean', 'do it', true],
    ['array', 'do it', []],
    ['object', 'do it', {}],
  ])('a required %s is filled from %j', (type, text, x) => {
    expect(JSON.parse(argumentsFor(typed(type), text))).toEqual({ x });
  });

  test('an enum gets its first value, and a schema that says nothing the words', () => {
    expect(JSON.parse(argumentsFor(typed('string', { enum: ['fast', 'slow'] }), 'do it'))).toEqual({ x: 'fast' });
    const open = { name: 'do', schema: { properties: { x: true }, required: ['x', 1] } };
    expect(JSON.parse(argumentsFor(open, 'do'))).toEqual({ x: 'do' });
  });

  test('an object in the text stands for itself; broken JSON and a missing schema do not', () => {
    expect(argumentsFor(typed('string'), 'do { "y": [1, {}] } please')).toBe('{"y":[1,{}]}');
    expect(argumentsFor(typed('string'), 'do {oops}')).toBe('{"x":"{oops}"}');
    expect(argumentsFor({ name: 'do', schema: undefined }, 'do it')).toBe('{}');
  });
});
