import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { readJson } from '../../src/protocols/json.ts';

const read = (text: string): unknown => readJson(Buffer.from(text));
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('readJson', () => {
  test('agrees with JSON.parse on every valid document', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('says nothing of the content that it cannot read, not in a cause either, which is logged', () => {
    const refusal = (): unknown => read('{"model": hunter2}');
    expect(refusal).toThrow(new GatewayError('request.invalid', 'the body is not valid JSON'));
    try {
      refusal();
    } catch (error) {
      expect(inspect(error, { depth: 9 })).not.toContain('hunter');
    }
  });

  test('reads names of Object.prototype as data', () => {
    const value = read('{"__proto__":{"admin":true},"constructor":1,"toString":2}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test.each([
    ['at the top', '{"model":"ok","model":"big"}'],
    ['with equal values', '{"model":"ok","model":"ok"}'],
    ['behind an escape', '{"model":"ok","\\u006dodel":"big"}'],
    ['in an element', '{"tools":[{"function":{"name":"a","name":"b"}}]}'],
    ['whose first value is an object', '{"a":{"b":1,"c":2},"a":{}}'],
    ['spelled __proto__', '{"__proto__":1,"__proto__":2}'],
    ['spelled as a number', '{"1":1,"1":2}'],
    ['and empty', '{"":1,"":2}'],
  ])('refuses a key that occurs twice, %s', (_, text) => {
    expect(() => read(text)).toThrow(/key occurs twice/);
  });

  test('refuses a doubled key anywhere in any document', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 }),
        fc.nat(),
        (object, pick) => {
          const members = Object.entries(object).map(
            ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
          );
          const twice = [...members, members[pick % members.length]].join(',');
          expect(() => read(`[1,{"in":{${twice}}}]`)).toThrow(/key occurs twice/);
        },
      ),
    );
  });

  test('keeps equal keys of different objects apart', () => {
    expect(read('[{"a":1},{"a":{"a":2}},"\\"a\\":1",":",{"b:c":"{"}]')).toEqual([
      { a: 1 },
      { a: { a: 2 } },
      '"a":1',
      ':',
      { 'b:c': '{' },
    ]);
  });

  test.each([
    ['an unfinished text', '{"model":"gp'],
    ['a comment', '{"a":1/*x*/}'],
    ['a trailing comma', '[1,]'],
    ['NaN', '[NaN]'],
    ['two documents', '{}{}'],
    ['lines of documents', '{}\n{}'],
    ['nothing', ''],
    ['a raw line break in a text', '["a\nb"]'],
    ['a lone quote', '"'],
    ['only backslashes', '"\\\\\\"'],
    ['a NUL', '\u0000{}'],
  ])('refuses %s', (_, text) => {
    expect(() => read(text)).toThrow(/not valid JSON/);
  });

  test('refuses a byte order mark and other encodings', () => {
    expect(() => read('\ufeff{}')).toThrow(/not valid JSON/);
    expect(() => readJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toThrow(/not valid UTF-8/);
    expect(() => readJson(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toThrow(/not valid UTF-8/);
    expect(() => readJson(Buffer.from('{"model":"x"}', 'utf16le'))).toThrow(GatewayError);
  });

  test('takes 64 levels and refuses one more, before it builds them', () => {
    expect(read(nested(64))).toEqual(JSON.parse(nested(64)));
    expect(() => read(nested(65))).toThrow(/deeper than 64 levels/);
    expect(() => read('['.repeat(1_000_000))).toThrow(/deeper than 64 levels/);
    expect(read(JSON.stringify('['.repeat(100)))).toBe('['.repeat(100));
  });

  test('refuses a body that would take many times its size in memory', () => {
    expect(() => read(`[${'[],'.repeat(1_000_000)}[]]`)).toThrow(/more than 1000000 objects and arrays/);
  });

  test('never echoes the body in its message', () => {
    expect(() => read('{"api_key":"sk-canary-1" "x"}')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });

  test('throws nothing but GatewayError, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1', 'a', ' ', '\u00e9')).map((parts) => {
        return Buffer.from(parts.join(''));
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          readJson(Buffer.from(input));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
