import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { formatProblem } from '../../src/core/problem.ts';
import { readDocument } from '../../src/policy/document.ts';

const schema = z.strictObject({ name: z.string(), list: z.array(z.number()) });
const read = (text: string) => readDocument({ path: 'a.yaml', text }, schema);

describe('a document', () => {
  test('has the value and tells faults in their place', () => {
    const document = read('name: a\nlist: [1, 2]\n');
    expect(document).toEqual({ ok: true, value: expect.objectContaining({ value: { name: 'a', list: [1, 2] } }) });
    if (!document.ok) return;
    expect(formatProblem(document.value.problem({ path: ['list', 1], message: 'wrong' }))).toBe('a.yaml:2:11: wrong');
  });

  test('that is no YAML is refused as such', () => {
    expect(read('name: &x a')).toEqual({ ok: false, problems: [expect.objectContaining({ line: 1, column: 7 })] });
  });

  test('tells all that is wrong with its shape in the order of the text', () => {
    const document = read('list: [1, x]\nnme: a\n');
    expect(document.ok || document.problems.map(formatProblem)).toEqual([
      'a.yaml:1:1: the field `name` is missing',
      'a.yaml:1:11: expected a number, found `"x"`',
      'a.yaml:2:1: unknown field `nme`, did you mean `name`?',
    ]);
  });
});
