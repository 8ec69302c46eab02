import { describe, expect, test } from 'vitest';
import { KeyTree } from '../../src/telemetry/key-tree.ts';

describe('KeyTree', () => {
  test('makes a value once per list of keys, a prefix being a list of its own', () => {
    const tree = new KeyTree<object>(10);
    const deep = tree.find(['a', 1, undefined], () => ({}));
    const shallow = tree.find(['a', 1], () => ({}));
    expect(tree.find(['a', 1, undefined], () => ({}))).toBe(deep);
    expect(tree.find(['a', 1], () => ({}))).toBe(shallow);
    expect(shallow).not.toBe(deep);
    expect(tree.find(['a', '1'], () => ({}))).not.toBe(shallow);
  });

  test('forgets everything rather than grow past its bound', () => {
    const tree = new KeyTree<object>(2);
    const first = tree.find(['a'], () => ({}));
    tree.find(['b'], () => ({}));
    expect(tree.find(['a'], () => ({}))).toBe(first);
    tree.find(['c'], () => ({}));
    expect(tree.find(['a'], () => ({}))).not.toBe(first);
  });
});
