import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outline, partOf, removeParts, setMember, splice } from '../../src/protocols/json-outline.ts';

const SPACES = fc.constantFrom('', ' ', '\n\t', ' \r\n ');

/** A JSON text with space anywhere that JSON allows it. */
const spaced = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }), SPACES, SPACES)
  .map(([object, one, two]) => ({
    object,
    text: `${two}{${Object.entries(object)
      .map(([key, value]) => `${one}${JSON.stringify(key)}${two}:${one}${JSON.stringify(value)}${two}`)
      .join(',')}${one}}${two}`,
  }));

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const opened = (text: string): number => text.indexOf('{');

describe('outline', () => {
  test('finds every member of any object, by the bytes of its value', () => {
    fc.assert(
      fc.property(spaced, ({ object, text }) => {
        const body = Buffer.from(text);
        const found = outline(latin1(text), opened(text)).map(({ start, end }) => {
          return JSON.parse(body.subarray(start, end).toString()) as unknown;
        });
        expect(found).toEqual(Object.values(object).map((value) => JSON.parse(JSON.stringify(value)) as unknown));
      }),
    );
  });

  test('finds every element of any array', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), (array) => {
        const body = Buffer.from(JSON.stringify(array, undefined, 1));
        const found = outline(body.toString('latin1'), 0).map(({ start, end }) => {
          return JSON.parse(body.subarray(start, end).toString()) as unknown;
        });
        expect(found).toEqual(JSON.parse(body.toString()));
      }),
    );
  });

  test('knows a key behind its escapes', () => {
    expect(outline('{"\\u006dodel":1}', 0)).toMatchObject([{ key: 'model', start: 14, end: 15 }]);
  });

  test.each(['{"a":"b', '{"a":1', '{"a', '[1,2', '', '{"\\x":1'])('ends on %j, which is no JSON', (text) => {
    expect(outline(text, 0)).toEqual([]);
  });

  test('ends on anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ') }),
        (text) => {
          expect(Array.isArray(outline(text, 0))).toBe(true);
        },
      ),
    );
  });
});

describe('splice', () => {
  test('setting a member changes that member and no other byte', () => {
    fc.assert(
      fc.property(spaced, fc.string(), fc.jsonValue(), ({ object, text }, key, value) => {
        const body = Buffer.from(text);
        const view = latin1(text);
        const parts = outline(view, opened(text));
        const edit = setMember(opened(text), parts, { key, value: JSON.stringify(value) });
        const changed = splice(body, [edit]);
        expect(JSON.parse(changed.toString())).toEqual(JSON.parse(JSON.stringify({ ...object, [key]: value })));
        expect(changed.subarray(0, edit.start)).toEqual(body.subarray(0, edit.start));
        expect(changed.subarray(edit.start + Buffer.byteLength(edit.text))).toEqual(body.subarray(edit.end));
      }),
    );
  });

  test('removing members leaves the others as they are, in their order', () => {
    fc.assert(
      fc.property(spaced, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), ({ text }, keep) => {
        const parts = outline(latin1(text), opened(text));
        const changed = splice(
          Buffer.from(text),
          removeParts(parts, (index) => keep[index] === true),
        ).toString();
        const left = outline(latin1(changed), opened(changed));
        expect(left.map(({ key }) => key)).toEqual(parts.map(({ key }) => key).filter((_, index) => keep[index]));
        expect(() => JSON.parse(changed) as unknown).not.toThrow();
      }),
    );
  });

  test('makes its edits in the order of the bytes, whatever order they come in', () => {
    const text = '{"a":1,"b":2}';
    const parts = outline(text, 0);
    const edits = ['b', 'a'].map((key) => setMember(0, parts, { key, value: '9' }));
    expect(splice(Buffer.from(text), edits).toString()).toBe('{"a":9,"b":9}');
    expect(partOf(parts, 'c')).toBeUndefined();
  });
});
