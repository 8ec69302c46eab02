import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from '../../src/protocols/json.ts';
import { readValid } from '../../src/protocols/json-valid.ts';

/** A JSON text with some letters of its strings written as escapes, and blanks where they may stand. */
function spelled(value: unknown, choose: () => boolean): string {
  const blank = (): string => (choose() ? ' \n' : '');
  if (typeof value === 'string') {
    const units = value.split('').map((unit) => {
      const escape = `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
      return choose() ? escape : JSON.stringify(unit).slice(1, -1);
    });
    return `"${units.join('')}"`;
  }
  if (Array.isArray(value))
    return `[${blank()}${value.map((one) => spelled(one, choose)).join(`${blank()},`)}${blank()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${blank()}${spelled(key, choose)}${blank()}:${blank()}${spelled(member, choose)}`,
  );
  return `{${members.join(`${blank()},`)}${blank()}}`;
}

const values = fc.jsonValue({ maxDepth: 5 });
const choices = fc.infiniteStream(fc.boolean());

test('whatever the spelling of keys and strings, the value is the one that was written', () => {
  fc.assert(
    fc.property(values, choices, (value, choice) => {
      const text = spelled(value, () => choice.next().value);
      expect(readValid(text)).toStrictEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 2_000 },
  );
});

test('a key written with escapes is read as itself, whatever was parsed before', () => {
  for (let round = 0; round < 3; round += 1) {
    JSON.parse(String.raw`{"zq1":1,"\\u006":1}`);
    readJson(Buffer.from(String.raw`{"zq1":1,"\\u006":1}`));
    expect(readJson(Buffer.from(String.raw`{"arguments":{"zq1":1,"\u0061dmin":true}}`))).toEqual({
      arguments: { zq1: 1, admin: true },
    });
  }
});

test('keys that differ only in how they are written are one key twice', () => {
  expect(() => readJson(Buffer.from(String.raw`{"model":"a","\u006dodel":"b"}`))).toThrow('a key occurs twice');
});

test('`__proto__` is a key like any other', () => {
  const value = readValid(String.raw`{"\u005f_proto__":{"a":1}}`) as object;
  expect(Object.keys(value)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});
