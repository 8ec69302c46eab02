import { describe, expect, test } from 'vitest';
import { knownKeys } from '../../src/protocols/fields.ts';
import { readFormFields, writeFormModel } from '../../src/protocols/form-fields.ts';
import { request } from './request.ts';

const KNOWN = knownKeys('model purpose');
const TYPE = 'multipart/form-data; boundary=b';

/** `name` or `name; filename="…"`, and the value. */
type Part = readonly [string, string, ...string[]];
const formOf = (...parts: readonly Part[]): Buffer =>
  Buffer.from(
    [
      ...parts.flatMap(([name, value, ...more]) => [
        '--b',
        `content-disposition: form-data; name=${name}`,
        ...more,
        '',
        value,
      ]),
      '--b--',
      '',
    ].join('\r\n'),
  );
const read = (...parts: readonly Part[]) =>
  readFormFields(request('POST', { 'content-type': TYPE }), formOf(...parts), KNOWN);

describe('the fields of a form', () => {
  test('are texts, lists and files', () => {
    expect(
      read(
        ['"model"', 'small'],
        ['"include[]"', 'a'],
        ['"include[]"', 'b'],
        ['"file"; filename="ü.wav"', 'ÄÖ', 'content-type: audio/wav'],
        ['"__proto__"', 'x', 'content-type: text/plain; charset=utf-8'],
      ),
    ).toEqual({
      fields: JSON.parse('{"model":"small","include[]":["a","b"],"__proto__":"x"}') as unknown,
      files: [{ field: 'file', filename: 'ü.wav', type: 'audio/wav', bytes: 4 }],
    });
  });

  test.each([
    [
      [
        ['"model"', 'small'],
        ['"model"', 'big'],
      ],
      'the field `model` twice',
    ],
    [
      [
        ['"x"', '1'],
        ['"x"; filename="f"', '2'],
      ],
      'the field `x` twice',
    ],
    [[['"Model"', 'big']], 'could be taken for `model`'],
    [[['"mo\u200bdel"', 'big']], 'could be taken for `model`'],
    [[['"model[]"', 'big']], 'could be taken for `model`'],
    [[['"model[0]"', 'big']], 'could be taken for `model`'],
    [[['"model"; filename="f"', 'big']], '`model` to be a plain field'],
    [[['"model"', 'big', 'content-type: application/json']], 'plain text'],
    [[['"_charset_"', 'utf-16']], '_charset_'],
    [[['"model"', 'x'.repeat(65_537)]], 'at most 65536 bytes'],
  ] as const)('%j are refused', (parts, told) => {
    expect(() => read(...parts)).toThrow(told);
  });

  test('that are no UTF-8 are refused', () => {
    const body = Buffer.concat([formOf(['"a"', '']).subarray(0, -9), Buffer.from([0xff]), Buffer.from('\r\n--b--')]);
    expect(() => readFormFields(request('POST', { 'content-type': TYPE }), body, KNOWN)).toThrow(/`a`.*UTF-8/);
  });

  test.each([{ 'content-type': 'application/json' }, { 'content-type': TYPE, 'content-encoding': 'gzip' }])(
    'of a request with %j are not read',
    (headers) => {
      expect(() => readFormFields(request('POST', headers), formOf(), KNOWN)).toThrow('expected');
    },
  );
});

test('an alias is the only thing of a form that changes on the way up', () => {
  const body = formOf(['"file"; filename="model"', 'name="model"'], ['"model"', 'fast'], ['"n"', '1']);
  const reading = { resource: { kind: 'model', name: 'fast' } } as Parameters<typeof writeFormModel>[1];
  expect(writeFormModel(body, reading, 'fast').body).toBe(body);
  const changed = writeFormModel(body, reading, 'gpt-x');
  expect(changed.splices).toEqual(['model-alias']);
  expect(changed.body).toEqual(
    formOf(['"file"; filename="model"', 'name="model"'], ['"model"', 'gpt-x'], ['"n"', '1']),
  );
});
