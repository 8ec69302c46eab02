import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { schemaFaults } from '../../src/policy/schema-faults.ts';

const inner = z.strictObject({ depth: z.int().min(0, 'expected at least 0').optional() });
const schema = z.strictObject({
  name: z.string().regex(/^[a-z]+$/, 'expected letters'),
  mode: z.enum(['enforce', 'shadow']).optional(),
  count: z.number().optional(),
  on: z.union([z.string(), z.array(z.string())], { error: 'expected a text or a list' }).optional(),
  run: z.union([z.string(), inner], { error: 'expected a name or a map' }).optional(),
  list: z.array(inner).optional(),
  flag: z.boolean().optional(),
  args: z.record(z.string(), z.unknown()).optional(),
  named: z.record(z.string(), inner).optional(),
  pair: z.tuple([inner]).optional(),
  odd: z.literal(3).optional(),
  nothing: z.undefined().optional(),
});

const faults = (value: unknown) =>
  schemaFaults(value, schema).map(({ path, message, of }) => `${of ?? 'value'} ${path.join('.')}: ${message}`);

describe('what differs from a schema is said in plain words', () => {
  test.each([
    [{ name: 'a' }, []],
    [{}, ['value name: the field `name` is missing']],
    [null, ['value : expected a map, found nothing']],
    [['a'], ['value : expected a map, found a list']],
    ['a', ['value : expected a map, found `"a"`']],
    [{ name: 3 }, ['value name: expected a text, found `3`']],
    [{ name: null }, ['value name: expected a text, found nothing']],
    [{ name: { a: 1 } }, ['value name: expected a text, found a map']],
    [{ name: 'A' }, ['value name: expected letters']],
    [{ name: 'a', mode: 'shadwo' }, ['value mode: unknown value `shadwo`, did you mean `shadow`?']],
    [{ name: 'a', mode: 3 }, ['value mode: expected `enforce` or `shadow`, found `3`']],
    [{ name: 'a', odd: 4 }, ['value odd: expected `3`, found `4`']],
    [{ name: 'a', count: 'x' }, ['value count: expected a number, found `"x"`']],
    [{ name: 'a', flag: 1 }, ['value flag: expected `true` or `false`, found `1`']],
    [{ name: 'a', args: [] }, ['value args: expected a map, found a list']],
    [{ name: 'a', on: 3 }, ['value on: expected a text or a list']],
    [{ name: 'a', on: ['x', 3] }, ['value on.1: expected a text, found `3`']],
    [{ name: 'a', run: { dept: 1 } }, ['key run.dept: unknown field `dept`, did you mean `depth`?']],
    [{ name: 'a', run: { depth: 1.5 } }, ['value run.depth: expected a whole number, found `1.5`']],
    [{ name: 'a', run: { depth: -1 } }, ['value run.depth: expected at least 0']],
    [{ name: 'a', list: [{}, { x: 1 }] }, ['key list.1.x: unknown field `x`, expected `depth`']],
    [{ name: 'a', named: { x: { dept: 1 } } }, ['key named.x.dept: unknown field `dept`, did you mean `depth`?']],
    [{ name: 'a', pair: [{ dept: 1 }] }, ['key pair.0.dept: unknown field `dept`']],
    [{ name: 'a', nothing: 1 }, ['value nothing: expected undefined, found `1`']],
    [
      { nam: 'a', mod: 1 },
      [
        'value name: the field `name` is missing',
        'key nam: unknown field `nam`, did you mean `name`?',
        'key mod: unknown field `mod`, did you mean `mode`?',
      ],
    ],
  ])('%j', (value, told) => {
    expect(faults(value)).toEqual(told);
  });
});
