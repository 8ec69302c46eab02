import { describe, expect, test } from 'vitest';
import { nearest, unknownName } from '../../src/core/nearest.ts';

const ACTIONS = ['tool.call', 'tool.list', 'model.generate', 'prompt.get'];

describe('nearest', () => {
  test.each([
    ['tool.cal', 'tool.call'],
    ['tool.callx', 'tool.call'],
    ['tool.cell', 'tool.call'],
    ['tool.clal', 'tool.call'],
    ['Tool.Call', 'tool.call'],
    ['model.genrate', 'model.generate'],
  ])('`%s` was probably meant as `%s`', (name, meant) => {
    expect(nearest(name, ACTIONS)).toBe(meant);
  });

  test('a swap of two neighbours is one slip, so that it wins over two replacements', () => {
    expect(nearest('no', ['nnn', 'on'])).toBe('on');
  });

  test('a short name forgives one slip, not two', () => {
    expect(nearest('em', ['me', 'tz'])).toBe('me');
    expect(nearest('on', ['tz'])).toBeUndefined();
  });

  test('a name that is like none of them has no nearest', () => {
    expect(nearest('payment', ACTIONS)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });

  test('a very long name is not compared at all', () => {
    expect(nearest('a'.repeat(65), ['a'.repeat(64)])).toBeUndefined();
    expect(nearest('a'.repeat(64), ['a'.repeat(63)])).toBe('a'.repeat(63));
  });

  test('of two equally near names the first wins', () => {
    expect(nearest('ac', ['ab', 'ad'])).toBe('ab');
  });
});

describe('unknownName', () => {
  test('says which name is near', () => {
    expect(unknownName('action', 'tool.cal', ACTIONS)).toBe('unknown action `tool.cal`, did you mean `tool.call`?');
  });

  test('lists the names where none is near', () => {
    expect(unknownName('scope', 'planet', ['tenant', 'agent'])).toBe(
      'unknown scope `planet`, expected one of `tenant`, `agent`',
    );
    expect(unknownName('scope', 'planet', ['tenant'])).toBe('unknown scope `planet`, expected `tenant`');
  });

  test('lists no names where there are none or too many to read', () => {
    const many = Array.from({ length: 17 }, (_, index) => `name-${index}`);
    expect(unknownName('scope', 'planet', [])).toBe('unknown scope `planet`');
    expect(unknownName('scope', 'planet', many)).toBe('unknown scope `planet`');
    expect(unknownName('scope', 'planet', many.slice(1))).toContain('expected one of `name-1`');
  });
});
