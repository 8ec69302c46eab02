import { describe, expect, test } from 'vitest';
import {
  isUnambiguous,
  knownKeys,
  readCount,
  readFields,
  readFlag,
  readName,
  refuseVariants,
} from '../../src/protocols/fields.ts';
import { bytes, request } from './request.ts';

describe('readFields', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'takes a body of type %s',
    (type) => {
      expect(readFields(request('POST', { 'content-type': type }), bytes({ a: 1 }))).toEqual({ a: 1 });
    },
  );

  test.each([
    'text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=utf-7',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
  ])('refuses a body of type %j, which another reader could read otherwise', (type) => {
    expect(() => readFields(request('POST', { 'content-type': type }), bytes({ a: 1 }))).toThrow(/application\/json/);
  });

  test('refuses a body without a type', () => {
    expect(() => readFields({ ...request('POST'), headers: {} }, bytes({}))).toThrow(/got `none`/);
  });

  test('refuses an encoded body by the name of its encoding', () => {
    const zstd = request('POST', { 'content-encoding': 'zstd' });
    expect(() => readFields(zstd, bytes({}))).toThrow(/got `zstd`/);
    expect(readFields(request('POST', { 'content-encoding': 'identity' }), bytes({}))).toEqual({});
  });

  test.each(['[]', '"x"', '1', 'null'])('refuses %s, which is no object', (text) => {
    expect(() => readFields(request('POST'), bytes(text))).toThrow(/to be a JSON object/);
  });
});

describe('refuseVariants', () => {
  const known = knownKeys('model max_tokens taskId');

  test.each([
    'Model',
    'MODEL',
    'model ',
    'mode\u200bl',
    'ｍodel',
    '\u2060model',
    'max_to\u212aens',
    'Max_Tokens',
    'taskid',
    'TaskId',
  ])('refuses %j, which a lenient reader takes for a known key', (key) => {
    expect(() => refuseVariants({ [key]: 1 }, known)).toThrow(/could be taken for/);
  });

  test('lets other keys be, whatever they look like', () => {
    expect(() =>
      refuseVariants({ model: 1, taskId: 1, providerOptions: 2, 'x-y': 3, Modell: 4, '': 5 }, known),
    ).not.toThrow();
  });
});

describe('readName', () => {
  test.each(['gpt-5', 'meta-llama/Llama-3', 'a'.repeat(256), 'modèle', '__proto__'])('takes %j', (name) => {
    expect(readName(name, 'model')).toBe(name);
  });

  test.each([
    undefined,
    null,
    1,
    {},
    '',
    'a'.repeat(257),
    'gpt\u0000',
    'gpt\n5',
    'gpt\u0085',
    ' gpt',
    'gpt-5 ',
    '\ud800',
  ])('refuses %j', (name) => {
    expect(() => readName(name, 'model')).toThrow(/expected `model` to be a text of 1 to 256 characters/);
  });
});

test('a flag is a boolean, or absent or null for false', () => {
  expect(readFlag({ stream: true }, 'stream')).toBe(true);
  expect(readFlag({ stream: null }, 'stream')).toBe(false);
  expect(readFlag({}, 'stream')).toBe(false);
  expect(() => readFlag({ stream: 'true' }, 'stream')).toThrow(/true or false/);
});

test('a count is a whole number from 1, or absent or null', () => {
  expect([1, 128].map((n) => readCount({ n }, 'n', 128))).toEqual([1, 128]);
  expect(readCount({ n: null }, 'n')).toBeUndefined();
  expect(readCount({}, 'n')).toBeUndefined();
  for (const n of [0, -1, 1.5, '3', Infinity, 1e300, [], true, 129]) {
    expect(() => readCount({ n }, 'n', 128)).toThrow(/whole number from 1 to 128/);
  }
});

test('texts with half a character and numbers past all bounds are found anywhere', () => {
  expect(isUnambiguous({ a: [1, 'x', null, true, { b: '👍' }] })).toBe(true);
  for (const value of ['\ud83d', Infinity, [['\udc4d']], { a: { '\ud83d': 1 } }, { a: [-Infinity] }]) {
    expect(isUnambiguous(value)).toBe(false);
  }
});
