import { describe, expect, test } from 'vitest';
import { readPartHead } from '../../src/protocols/part-head.ts';

const read = (...lines: readonly string[]) => readPartHead(Buffer.from(lines.join('\r\n')), 7);
const NAMED = 'Content-Disposition: form-data; name="a"';

describe('the headers of a part', () => {
  test.each([
    [[NAMED], { name: 'a', filename: undefined, type: '' }],
    [['content-disposition:form-data;name="a";filename=""'], { name: 'a', filename: '', type: '' }],
    [
      ['Content-Disposition: form-data; name="file"; filename="Grüße %22.wav"', 'Content-Type: Audio/WAV; codecs="1"'],
      { name: 'file', filename: 'Grüße %22.wav', type: 'audio/wav' },
    ],
    [[NAMED, 'Content-Transfer-Encoding: binary', 'Content-Length: 7'], { name: 'a', filename: undefined, type: '' }],
  ])('%j are %j', (lines, head) => {
    expect(read(...lines)).toEqual(head);
  });

  test.each([
    [[''], 'has a header that is not one of'],
    [['content-type: text/plain'], 'content-disposition'],
    [['content-disposition: attachment; name="a"'], 'content-disposition'],
    [['content-disposition: form-data; name=a'], 'content-disposition'],
    [['content-disposition: form-data; name="a"; name="model"'], 'content-disposition'],
    [['content-disposition: form-data; name="a"; filename="x"; filename*=UTF-8\'\'y'], 'content-disposition'],
    [['content-disposition: form-data; name="a\\"; x="model"'], 'content-disposition'],
    [['content-disposition: form-data; filename="x"; name="model"'], 'content-disposition'],
    [['content-disposition: form-data; name=""'], '`name`'],
    [['content-disposition: form-data; name=" model"'], '`name`'],
    [[NAMED, NAMED], '`content-disposition` twice'],
    [[NAMED, 'Content-disposition : form-data; name="model"'], 'not one of'],
    [[NAMED, ' folded="model"'], 'not one of'],
    [[NAMED, 'x-other: 1'], 'not one of'],
    [[`${NAMED}\nx: y`], 'control character'],
    [[NAMED, 'content-type: text'], 'media type'],
    [[NAMED, 'content-transfer-encoding: base64'], 'without an encoding'],
    [[NAMED, 'content-length: 8'], 'another `content-length`'],
  ])('%j are refused', (lines, told) => {
    expect(() => read(...lines)).toThrow(told);
  });

  test('that are no UTF-8 are refused', () => {
    expect(() => readPartHead(Buffer.from([...Buffer.from(NAMED), 0xff]), 0)).toThrow('UTF-8');
  });
});
