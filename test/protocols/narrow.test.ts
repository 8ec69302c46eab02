import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { narrowModels } from '../../src/protocols/narrow.ts';
import { bytes } from './request.ts';

const only =
  (...names: string[]) =>
  ({ kind, name }: { kind: string; name: string }) =>
    kind === 'model' && names.includes(name);
const narrow = (text: string, ...names: string[]): string =>
  narrowModels(bytes(text), 'application/json', only(...names)).toString();

describe('narrowModels', () => {
  const LIST = '{"object":"list", "data":[{"id":"a","x":1.0}, {"id":"b"},\n{"id":"c","created":12345678901234567890}]}';

  test.each([
    [['a'], '{"object":"list", "data":[{"id":"a","x":1.0}]}'],
    [['b'], '{"object":"list", "data":[{"id":"b"}]}'],
    [['c'], '{"object":"list", "data":[{"id":"c","created":12345678901234567890}]}'],
    [['a', 'c'], '{"object":"list", "data":[{"id":"a","x":1.0},\n{"id":"c","created":12345678901234567890}]}'],
    [[], '{"object":"list", "data":[]}'],
  ])('keeps %j byte for byte, in its order', (names, left) => {
    expect(narrow(LIST, ...names)).toBe(left);
  });

  test('gives back the very buffer where all may be used', () => {
    const body = bytes(LIST);
    expect(narrowModels(body, '', only('a', 'b', 'c'))).toBe(body);
  });

  test('moves the ends of the page that Anthropic names', () => {
    const page = '{"data":[{"id":"a"},{"id":"b"},{"id":"c"}],"first_id":"a","has_more":false,"last_id":"c"}';
    expect(narrow(page, 'b')).toBe('{"data":[{"id":"b"}],"first_id":"b","has_more":false,"last_id":"b"}');
    expect(narrow(page)).toBe('{"data":[],"first_id":null,"has_more":false,"last_id":null}');
  });

  test('takes out entries without a name', () => {
    expect(narrow('{"data":[{"id":7},null,{"id":""},{"id":"a"},[]]}', 'a', '')).toBe('{"data":[{"id":"a"}]}');
  });

  test('knows names outside ASCII', () => {
    expect(narrow('{"data":[{"id":"modèle"},{"id":"b"}]}', 'modèle')).toBe('{"data":[{"id":"modèle"}]}');
  });

  test.each(['{"id":"a","object":"model"}', '[]', '{"data":{}}', '{"error":{"message":"no"}}'])(
    'leaves %s, which is no list',
    (text) => {
      expect(narrow(text)).toBe(text);
    },
  );

  test.each(['<html>', '{"data":[{"id":"a"}],"data":[]}', ''])(
    'passes on nothing of %j, which cannot be read',
    (text) => {
      expect(() => narrow(text)).toThrow(expect.objectContaining({ code: 'upstream.broken' }));
    },
  );

  test('keeps what may be used and nothing else, of any list', () => {
    const ids = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.boolean()));
    fc.assert(
      fc.property(ids, fc.jsonValue(), (entries, extra) => {
        const allowed = new Set(entries.filter(([, may]) => may).map(([id]) => id));
        const data = entries.map(([id]) => ({ id, extra }));
        const body = bytes(JSON.stringify({ data, extra }, undefined, 1));
        const left = JSON.parse(narrowModels(body, '', ({ name }) => allowed.has(name)).toString()) as unknown;
        const kept = JSON.parse(JSON.stringify({ data: data.filter(({ id }) => allowed.has(id)), extra })) as unknown;
        expect(left).toEqual(kept);
      }),
    );
  });
});
