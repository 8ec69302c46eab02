import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readDocument } from '../../src/documents/document.ts';
import { linesOf } from './lines.ts';

const schema = z.strictObject({
  name: z.string().min(2).max(5).optional(),
  port: z.int().min(1).max(9).multipleOf(2).optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
  version: z.literal(1).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  flag: z.boolean().optional(),
  url: z.url().optional(),
  time: z.iso.date().optional(),
  things: z
    .record(z.string().regex(/^[a-z]+$/, 'expected small letters'), z.strictObject({ size: z.number() }))
    .optional(),
  either: z
    .union([
      z.string().regex(/^env:/, 'expected a reference'),
      z.strictObject({ value: z.string(), header: z.string().optional() }),
    ])
    .optional(),
  count: z.union([z.number(), z.boolean()]).optional(),
  store: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('memory') }),
      z.strictObject({ kind: z.literal('redis'), url: z.string() }),
    ])
    .optional(),
});
const read = (text: string): ReturnType<typeof readDocument> => readDocument({ path: 'f', text }, schema);

describe('a document', () => {
  test('that fits its schema is its value, and can point at its parts', () => {
    const document = read('name: abc\nstore:\n  kind: memory\n');
    if (!document.ok) throw new Error('not read');
    expect(document.value.value).toEqual({ name: 'abc', store: { kind: 'memory' } });
    expect(document.value.problem({ path: ['store', 'kind'], message: 'no' })).toEqual({
      file: 'f',
      line: 3,
      column: 9,
      message: 'no',
    });
  });

  test('is what its schema makes of it, with its defaults', () => {
    const made = z.strictObject({ port: z.int().default(4000), on: z.string().transform((text) => text.split('.')) });
    expect(readDocument({ path: 'f', text: 'on: a.b' }, made)).toMatchObject({
      ok: true,
      value: { value: { port: 4000, on: ['a', 'b'] } },
    });
  });

  test.each([
    ['nam: abc', 'f:1:1: unknown field `nam`, did you mean `name`?'],
    ['{ things: { a: { size: 1, siez: 2 } } }', 'f:1:27: unknown field `siez`, did you mean `size`?'],
    ['either: { value: x, heder: y }', 'f:1:21: unknown field `heder`, did you mean `header`?'],
    ['store: { kind: memory, url: x }', 'f:1:24: unknown field `url`, expected `kind`'],
    ['things: { a: { weight: 1, size: 1 } }', 'f:1:16: unknown field `weight`, expected `size`'],
    ['name: 1', 'f:1:7: expected a text, found a number'],
    ['name:', 'f:1:6: expected a text, found nothing'],
    ['name: a', 'f:1:7: expected at least 2 characters'],
    ['name: abcdef', 'f:1:7: expected at most 5 characters'],
    ['port: x', 'f:1:7: expected a number, found a text'],
    ['port: 2.5', 'f:1:7: expected a whole number, found a fraction'],
    ['port: 10', 'f:1:7: expected at most 9'],
    ['port: 3', 'f:1:7: expected a multiple of 2'],
    ['mode: enforced', 'f:1:7: expected `enforce` or `observe`; did you mean `enforce`?'],
    ['mode: off', 'f:1:7: expected `enforce` or `observe`'],
    ['version: 2', 'f:1:10: expected `1`'],
    ['list: []', 'f:1:7: expected at least 1 entry'],
    ['list: [a, b, c]', 'f:1:7: expected at most 2 entries'],
    ['list: [a, 7]', 'f:1:11: expected a text, found a number'],
    ['list: { a: b }', 'f:1:7: expected a list, found a map'],
    ['flag: yes', 'f:1:7: expected `true` or `false`, found a text'],
    ['url: x', 'f:1:6: expected an address like `https://host/path`'],
    ['time: x', 'f:1:7: expected a text of the form date'],
    ['things: { A: { size: 1 } }', 'f:1:11: expected small letters'],
    ['things: { a: { } }', 'f:1:11: `size` is missing: expected a number'],
    ['things: [a]', 'f:1:9: expected a map, found a list'],
    ['either: sk-live', 'f:1:9: expected a reference'],
    ['either: { header: x }', 'f:1:1: `value` is missing: expected a text'],
    ['either: [x]', 'f:1:9: expected a text or a map, found a list'],
    ['count: x', 'f:1:8: expected a number or `true` or `false`, found a text'],
    ['store: { kind: reddis }', 'f:1:16: expected `memory` or `redis`'],
    ['store: { }', 'f:1:1: `kind` is missing: expected `memory` or `redis`'],
    ['- a', 'f:1:1: expected a map, found a list'],
    ['', 'f:1:1: expected a map, found nothing'],
    ['a: [', 'f:1:5: this line is indented wrongly, or a bracket before it is not closed'],
  ])('%j is refused: %s', (text, problem) => {
    expect(linesOf(read(text))).toEqual([problem]);
  });

  test('is told everything that is wrong with it at once, in the order of its lines', () => {
    const text = 'version: 3\nport: 0\nnaem: x\nlist:\n  - 1\n  - 2\nmode: shadow\n';
    expect(linesOf(read(text))).toEqual([
      'f:1:10: expected `1`',
      'f:2:7: expected at least 1',
      'f:3:1: unknown field `naem`, did you mean `name`?',
      'f:5:5: expected a text, found a number',
      'f:6:5: expected a text, found a number',
      'f:7:7: expected `enforce` or `observe`',
    ]);
  });

  test('is never repeated: a secret in the wrong place is not shown', () => {
    for (const text of [
      'name: sk-CANARY',
      'either: sk-CANARY',
      'mode: sk-CANARY',
      'url: sk-CANARY',
      'things: sk-CANARY',
      'store: { kind: sk-CANARY }',
      'port: sk-CANARY',
      'flag: sk-CANARY',
      'count: sk-CANARY',
      'list: sk-CANARY',
      'name: [sk-CANARY]',
      'either: { value: [sk-CANARY] }',
    ]) {
      expect(linesOf(read(text)).join('\n')).not.toContain('CANARY');
    }
  });
});
