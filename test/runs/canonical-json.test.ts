import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, type JsonTree, readTree, treeAt } from '../../src/runs/canonical-json.ts';

const canon = (text: string): string => canonical(readTree(text));

describe('canonical JSON', () => {
  test('is that of RFC 8785 §3.2.2', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    // 333333333.33333329 is no double: RFC 8785 would round it to …33, here it keeps its digits.
    expect(canon(text)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[33333333333333329e-8,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('has keys by their UTF-16 code units, as RFC 8785 §3.2.3 has them', () => {
    const keys = ['€', '\r', '\ufb33', '1', '😀', '\u0080', 'ö'];
    const text = `{${keys.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`;
    expect([...(readTree(canon(text)) as Map<string, JsonTree>).keys()]).toEqual([
      '\r',
      '1',
      '\u0080',
      'ö',
      '€',
      '😀',
      '\ufb33',
    ]);
  });

  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['9007199254740992', '9007199254740992'],
    ['12345678901234567890', '12345678901234567890'],
    ['1000000000000000000000', '1e+21'],
    ['1e21', '1e+21'],
    ['1E400', `1${'0'.repeat(400)}`],
    ['1e500', '1e500'],
    ['1e-400', '1e-400'],
    ['-0', '0'],
    ['0.0e7', '0'],
    ['1.0', '1'],
    ['100e-2', '1'],
    ['0.1', '0.1'],
    ['0.1000000000000000055', '1000000000000000055e-19'],
  ])('writes the number %s as %s', (text, written) => {
    expect(canon(text)).toBe(written);
  });

  test('leaves a number that nobody means as it stands', () => {
    const digits = '9'.repeat(2_000);
    expect(canon(digits)).toBe(digits);
  });

  test.each([
    '',
    ' ',
    '{',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '{"a" 1}',
    '{a:1}',
    '01',
    '1.',
    '.5',
    '+1',
    'nul',
    'truer',
    'NaN',
    '"a',
    '"\\x"',
    '"\n"',
    '1 1',
    '{"a":1,"a":1}',
    String.raw`{"a":1,"\u0061":2}`,
    String.raw`"\ud800"`,
    `${'['.repeat(200)}${']'.repeat(200)}`,
  ])('refuses %j, and says nothing of what it holds', (text) => {
    expect(() => readTree(text)).toThrow(SyntaxError);
  });

  test('finds a value by its keys', () => {
    const tree = readTree('{"params":{"arguments":{"id":9007199254740993},"name":"x"}}');
    expect(canonical(treeAt(tree, ['params', 'arguments']) as JsonTree)).toBe('{"id":9007199254740993}');
    expect(treeAt(tree, ['params', 'name', 'x'])).toBeUndefined();
    expect(treeAt(tree, ['nothing', 'there'])).toBeUndefined();
  });
});

/** A JSON text with keys in any order and space anywhere. */
function writtenAnew(value: unknown, random: () => number): string {
  const space = (): string => ['', ' ', '\n\t', '\r\n'][Math.floor(random() * 4)] as string;
  const around = (text: string): string => space() + text + space();
  if (Array.isArray(value)) return around(`[${value.map((one) => writtenAnew(one, random)).join(',')}]`);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(() => random() - 0.5);
    return around(
      `{${members.map(([key, one]) => `${around(JSON.stringify(key))}:${writtenAnew(one, random)}`).join(',')}}`,
    );
  }
  return around(JSON.stringify(value));
}

const values = fc.jsonValue({ maxDepth: 4 }).filter((value) => JSON.stringify(value).isWellFormed());

describe('for any value', () => {
  test('neither the order of keys nor space matters', () => {
    fc.assert(
      fc.property(values, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (value, random) => {
        const next = (): number => random.next().value;
        expect(canon(writtenAnew(value, next))).toBe(canon(JSON.stringify(value)));
      }),
    );
  });

  test('whatever is changed changes it', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        // -0 and 0 are one number.
        const isSame = JSON.stringify(sortedValue(one)) === JSON.stringify(sortedValue(other));
        expect(canon(JSON.stringify(one)) === canon(JSON.stringify(other))).toBe(isSame);
      }),
    );
  });

  test('whole numbers of any size are told apart', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.bigInt({ min: 1n, max: 3n }), (one, by) => {
        expect(canon(String(one))).not.toBe(canon(String(one + by)));
        expect(canon(`${one}.0`)).toBe(canon(String(one)));
      }),
    );
  });

  test('it can be read again, and is then the same', () => {
    fc.assert(
      fc.property(values, (value) => {
        const once = canon(JSON.stringify(value));
        expect(canon(once)).toBe(once);
        expect(JSON.parse(once)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

/** The same for values that differ in the order of keys alone. */
function sortedValue(value: unknown): unknown {
  if (Array.isArray(value)) return ['array', ...value.map(sortedValue)];
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return ['object', ...members.flatMap(([key, member]) => [key, sortedValue(member)])];
}
