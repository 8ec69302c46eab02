// Section 3F: a body that two parsers could read as two requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const send = (body: string): Promise<string> => range.shoot(chat({ bearer: range.bearer, body }));

const deep = (levels: number): string => `{"model":"small","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe('a body that can be read in two ways is refused', () => {
  test.each([
    ['D-01 the model twice', '{"model":"small","model":"forbidden"}'],
    ['D-01 the other way round', '{"model":"forbidden","model":"small"}'],
    ['D-01 with an escape', '{"model":"small","\\u006dodel":"forbidden"}'],
    ['D-01 far below', '{"model":"small","tools":[{"function":{"name":"a","name":"b"}}]}'],
    ['D-01 among many', `{"model":"small","x":{${Array.from({ length: 900 }, (_, i) => `"k${i % 899}":1`).join()}}}`],
    ['D-01 past 512 KB', `{"model":"small","x":"${'x'.repeat(600_000)}","model":"forbidden"}`],
    ['D-02 capital', '{"model":"small","Model":"forbidden"}'],
    ['D-02 capitals', '{"MODEL":"forbidden"}'],
    ['D-02 a space', '{"model":"small","model ":"forbidden"}'],
    ['D-02 a character of no width', latin1('{"model":"small","mode\u200bl":"forbidden"}')],
    ['D-02 a full-width letter', latin1('{"model":"small","\uff4dodel":"forbidden"}')],
    ['D-02 escaped', '{"model":"small","\\uff4dodel":"forbidden"}'],
    ['D-05 a byte order mark', latin1('\ufeff{"model":"small","messages":[]}')],
    ['D-05 UTF-16', Buffer.from('{"model":"small"}', 'utf16le').toString('latin1')],
    ['D-05 UTF-16 with a mark', Buffer.from('\ufeff{"model":"small"}', 'utf16le').toString('latin1')],
    ['D-05 UTF-32', '{"model":"small"}'.replaceAll(/./g, '$&\0\0\0')],
    ['D-05 UTF-7', '+AHsAIg-model+ACI:+ACI-small+ACIAfQ-'],
    ['D-05 a character past the last', '{"model":"small","x":"\xf4\x90\x80\x80"}'],
    ['D-05 a continuation that continues nothing', '{"model":"small","x":"\x80"}'],
    ['D-05 half a surrogate in a key', '{"model":"small","\\ud800":1,"\\ud800":2}'],
    ['D-05 no UTF-8', '{"model":"small","x":"\xff"}'],
    ['D-05 an overlong slash', '{"model":"small","x":"\xc0\xaf"}'],
    ['D-05 half a surrogate in UTF-8', '{"model":"small","x":"\xed\xa0\x80"}'],
    ['D-05 half a surrogate in the model', '{"model":"small\\ud800"}'],
    ['D-07 minus NaN', '{"model":"small","x":-NaN}'],
    ['D-07 a number with zeros before it', '{"model":"small","x":01}'],
    ['D-07 a number in hexadecimal', '{"model":"small","x":0x1}'],
    ['D-07 a comment to the end of a line', '{"model":"small"}//{"model":"forbidden"}'],
    ['D-07 NUL in a text', '{"model":"small\0"}'],
    ['D-07 a space that is none', '{"model":"small"}\xc2\xa0'],
    ['D-07 a key without quotes', '{model:"small"}'],
    ['D-07 NaN', '{"model":"small","x":NaN}'],
    ['D-07 Infinity', '{"model":"small","x":Infinity}'],
    ['D-07 a comment', '{"model":"small"/*,"model":"forbidden"*/}'],
    ['D-07 a comma too many', '{"model":"small",}'],
    ['D-07 single quotes', "{'model':'small'}"],
    ['D-07 NUL', '{"model":"small"}\0'],
    ['D-07 two documents', '{"model":"small"}{"model":"forbidden"}'],
    ['D-07 lines', '{"model":"small"}\n{"model":"forbidden"}\n'],
    ['D-07 half of it', '{"model":"small","messages":['],
    ['D-07 a raw line feed in a text', '{"model":"sm\nall"}'],
    ['no object', '[{"model":"small"}]'],
    ['no object', '"small"'],
    ['65 levels', deep(65)],
    ['5,000 levels', deep(5_000)],
    ['a million levels', deep(1_000_000)],
    ['no body', ''],
  ])('%s', async (_, body) => {
    expect(statusOf(await send(body))).toBe(400);
    expect(range.received()).toEqual([]);
    expect(await range.sound()).toBe(200);
  });

  test.each([
    ['D-08 text', 'text/plain'],
    ['D-08 none', undefined],
    ['D-08 UTF-16', 'application/json; charset=utf-16'],
    ['D-08 parts', 'multipart/form-data; boundary=x'],
    ['D-08 a form', 'application/x-www-form-urlencoded'],
    ['D-08 UTF-7', 'application/json; charset=utf-7'],
    ['D-08 lines', 'application/x-ndjson'],
    ['D-08 a JSON of its own', 'application/vnd.api+json'],
    ['D-08 two in one', 'application/json, text/plain'],
    ['D-08 a charset twice', 'application/json; charset=utf-8; charset=utf-16'],
  ])('%s', async (_, type) => {
    expect(statusOf(await range.shoot(chat({ bearer: range.bearer, type })))).toBe(400);
    expect(range.received()).toEqual([]);
  });
});

describe('a body that can be read in one way goes up as it came', () => {
  test.each([
    ['D-04 names like those of properties', '{"model":"small","__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"toString":1}'],
    ['D-05 half a surrogate in a text', '{"model":"small","messages":[{"role":"user","content":"\\ud800"}]}'],
    ['numbers that no double holds', '{"model":"small","messages":[],"x":[9007199254740993,1e400,1E5,-0,0.10]}'],
    ['D-01 names that differ in how they are composed, of no meaning here', latin1('{"model":"small","caf\u00e9":1,"cafe\u0301":2}')],
    ['D-02 names that differ in case, of no meaning here', '{"model":"small","user_id":1,"User_ID":2}'],
    ['spaces everywhere', ' \r\n\t{ "model" : "small" , "messages" : [ ] } \n'],
    ['64 levels', deep(63)],
  ])('%s', async (_, body) => {
    expect(statusOf(await send(body))).toBe(200);
    expect(range.received().map((one) => one.body.toString('latin1'))).toEqual([body]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('D-04 `%s` is a model like any other', async (model) => {
    expect(statusOf(await send(`{"model":"${model}","messages":[]}`))).toBe(200);
    expect(range.received()).toHaveLength(1);
  });
});

describe('D-08 a body in parts', () => {
  const part = (name: string, value: string): string => `--x\r\ncontent-disposition: form-data; name=${name}\r\n\r\n${value}\r\n`;
  const parts = (...all: readonly string[]): Promise<string> =>
    range.shoot(
      chat({
        bearer: range.bearer,
        target: '/v1/audio/transcriptions',
        type: 'multipart/form-data; boundary=x',
        body: `${all.join('')}--x--\r\n`,
      }),
    );
  const file = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nabc\r\n';

  test.each([
    ['the model twice', [part('"model"', 'small'), part('"model"', 'forbidden'), file]],
    ['the model in capitals', [part('"MODEL"', 'forbidden'), file]],
    ['the model in both', [part('"model"', 'small'), part('"Model"', 'forbidden'), file]],
    ['two names for one part', [`--x\r\ncontent-disposition: form-data; name="model"; name="other"\r\n\r\nsmall\r\n`, file]],
    ['two dispositions', [`--x\r\ncontent-disposition: form-data; name="model"\r\ncontent-disposition: form-data; name="x"\r\n\r\nsmall\r\n`, file]],
    ['a name in another encoding', [`--x\r\ncontent-disposition: form-data; name*=utf-8''model\r\n\r\nforbidden\r\n`, part('"model"', 'small'), file]],
  ])('with %s: 400', async (_, all) => {
    expect(statusOf(await parts(...all))).toBe(400);
    expect(range.received()).toEqual([]);
  });

  test('that says one thing is decided on', async () => {
    expect(statusOf(await parts(part('"model"', 'small'), file))).toBe(403);
    expect(range.received()).toEqual([]);
  });
});

test.each(['{"model":"forbidden"}', '{"model":"\\u0066orbidden"}', ' {"x":1,"model":"forbidden"}'])(
  'the model that is decided on is the one in the body: %s',
  async (body) => {
    expect(statusOf(await send(body))).toBe(403);
    expect(range.received()).toEqual([]);
  },
);
