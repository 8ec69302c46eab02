import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines } from '../../src/connect/diff.ts';

test('each change says where it begins, what goes and what comes', () => {
  expect(diffLines('a\nb\nc\nd\n', 'a\nB\nc\nd\ne\n')).toEqual(['@@ line 2', '-b', '+B', '@@ line 5', '+e']);
  expect(diffLines('', 'x\n')).toEqual(['@@ line 1', '+x']);
  expect(diffLines('a\n', 'a\n')).toEqual([]);
});

test('the lines that go and come are those by which the texts differ', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const lines = diffLines(before.join('\n'), after.join('\n')).filter((line) => !line.startsWith('@@'));
      const count = (all: readonly string[], one: string): number => all.filter((line) => line === one).length;
      for (const one of ['a', 'b', 'c'])
        expect(count(lines, `+${one}`) - count(lines, `-${one}`)).toBe(count(after, one) - count(before, one));
    }),
  );
});
