import { expect, test } from 'vitest';
import { remembered } from '../../src/core/remembered.ts';

function counting() {
  const asked: string[] = [];
  const isShort = remembered((name) => {
    asked.push(name);
    return name.length < 10;
  });
  return { asked, isShort };
}

test('a verdict is made once, whichever it is', () => {
  const { asked, isShort } = counting();
  expect([isShort('a'), isShort('a long enough name'), isShort('a'), isShort('a long enough name')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(asked).toEqual(['a', 'a long enough name']);
});

test('what strangers ask takes bounded memory: long names, and those past a thousand, are judged anew', () => {
  const { asked, isShort } = counting();
  for (let round = 0; round < 2; round += 1) {
    expect(isShort('x'.repeat(65))).toBe(false);
    for (let index = 0; index < 1_001; index += 1) isShort(`n-${index}`);
  }
  expect(asked).toHaveLength(1_002 + 2);
});
