import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Fault, Spot } from '../../src/documents/faults.ts';
import { faultsOf, soundItems } from '../../src/documents/schema-faults.ts';

const inner = z.strictObject({ depth: z.int().min(0, 'expected at least nothing').optional() });
const schema = z.strictObject({
  name: z.string().regex(/^[a-z]+$/, 'expected letters'),
  mode: z.enum(['enforce', 'shadow']).optional(),
  count: z.number().optional(),
  on: z
    .union([z.string().min(1, 'found an empty one'), z.array(z.string())], { error: 'expected a text or a list' })
    .optional(),
  run: z.union([z.string(), inner], { error: 'expected a name or a map' }).optional(),
  list: z.array(inner).optional(),
  flag: z.boolean().optional(),
  named: z.record(z.string(), inner).prefault({}),
  made: inner.transform(({ depth = 0 }) => depth).optional(),
  pair: z.tuple([inner]).optional(),
  odd: z.literal(3).optional(),
  nothing: z.undefined().optional(),
  forms: z.union([inner, z.strictObject({ width: z.number(), depth: z.unknown() }), z.undefined()]).optional(),
});

const faults = (value: unknown) =>
  faultsOf(value, schema).map(({ path, message, of }) => `${of ?? 'value'} ${path.join('.')}: ${message}`);

describe('what differs from a schema is said in plain words, by the kind of what stands there', () => {
  test.each([
    [{ name: 'a' }, []],
    [{}, ['value name: `name` is missing: expected a text']],
    [null, ['value : expected a map, found nothing']],
    [['a'], ['value : expected a map, found a list']],
    ['a', ['value : expected a map, found a text']],
    [{ name: 3 }, ['value name: expected a text, found a number']],
    [{ name: null }, ['value name: expected a text, found nothing']],
    [{ name: { a: 1 } }, ['value name: expected a text, found a map']],
    [{ name: true }, ['value name: expected a text, found `true`']],
    [{ name: 'A' }, ['value name: expected letters']],
    [{ name: 'a', mode: 'shadwo' }, ['value mode: expected `enforce` or `shadow`; did you mean `shadow`?']],
    [{ name: 'a', mode: 3 }, ['value mode: expected `enforce` or `shadow`, found a number']],
    [{ name: 'a', odd: 4 }, ['value odd: expected `3`']],
    [{ name: 'a', odd: '3' }, ['value odd: expected `3`, found a text']],
    [{ name: 'a', flag: 1 }, ['value flag: expected `true` or `false`, found a number']],
    [{ name: 'a', on: 3 }, ['value on: expected a text or a list']],
    [{ name: 'a', on: '' }, ['value on: found an empty one']],
    [{ name: 'a', on: ['x', 3] }, ['value on.1: expected a text, found a number']],
    [{ name: 'a', run: { dept: 1 } }, ['key run.dept: unknown field `dept`, did you mean `depth`?']],
    [{ name: 'a', run: { depth: 1.5 } }, ['value run.depth: expected a whole number, found a fraction']],
    [{ name: 'a', run: { depth: -1 } }, ['value run.depth: expected at least nothing']],
    [{ name: 'a', list: [{}, { x: 1 }] }, ['key list.1.x: unknown field `x`, expected `depth`']],
    [{ name: 'a', named: { x: { dept: 1 } } }, ['key named.x.dept: unknown field `dept`, did you mean `depth`?']],
    [{ name: 'a', made: { dept: 1 } }, ['key made.dept: unknown field `dept`, did you mean `depth`?']],
    [{ name: 'a', pair: [{ dept: 1 }] }, ['key pair.0.dept: unknown field `dept`']],
    [{ name: 'a', nothing: 1 }, ['value nothing: expected undefined, found a number']],
    [{ name: 'a', forms: { depth: 'x', width: 'y' } }, ['value forms.width: expected a number, found a text']],
    [{ name: 'a', forms: 'x' }, ['value forms: expected a map or undefined, found a text']],
    [
      { nam: 'a', mod: 1 },
      [
        'value name: `name` is missing: expected a text',
        'key nam: unknown field `nam`, did you mean `name`?',
        'key mod: unknown field `mod`, did you mean `mode`?',
      ],
    ],
  ])('%j', (value, told) => {
    expect(faults(value)).toEqual(told);
  });
});

describe('the sound items of a list', () => {
  const sound = (items: unknown): readonly unknown[] => {
    const found: Fault[] = [];
    const schemaOfItems = z.strictObject({ id: z.string(), size: z.int().default(1) });
    const kept = soundItems(items, { schema: schemaOfItems, spot: new Spot(['rules'], found) });
    for (const { item, spot } of kept) spot.at('id').fault(item.id, { of: 'key' });
    return [kept.map(({ item }) => item), found];
  };

  test('are read with their defaults, and know their place whatever stands between them', () => {
    expect(sound([{ id: 'a' }, { id: 2 }, 'b', { id: 'c', size: 3 }])).toEqual([
      [
        { id: 'a', size: 1 },
        { id: 'c', size: 3 },
      ],
      [
        { path: ['rules', 0, 'id'], message: 'a', of: 'key' },
        { path: ['rules', 3, 'id'], message: 'c', of: 'key' },
      ],
    ]);
  });

  test('are none of what is no list', () => {
    expect([sound({ id: 'a' }), sound(null), sound(undefined)]).toEqual([
      [[], []],
      [[], []],
      [[], []],
    ]);
  });
});
