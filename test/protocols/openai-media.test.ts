import { describe, expect, test } from 'vitest';
import { openaiMedia } from '../../src/protocols/openai-media.ts';
import { bytes, request } from './request.ts';

const form = async (fields: Readonly<Record<string, string | Blob>>) => {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value, 'a.bin');
  }
  const response = new Response(data);
  const headers = { 'content-type': response.headers.get('content-type') ?? '' };
  return { request: request('POST', headers), body: Buffer.from(await response.arrayBuffer()) };
};
const json = (path: string, body: unknown) => openaiMedia.read(request('POST'), path, bytes(body));

describe('a request for media', () => {
  test.each([
    ['/images/generations', 'model.image'],
    ['/images/edits', 'model.image'],
    ['/images/variations', 'model.image'],
    ['/audio/speech', 'model.speech'],
    ['/audio/transcriptions', 'model.transcribe'],
    ['/audio/translations', 'model.transcribe'],
    ['/moderations', 'model.moderate'],
  ])('to %s is %s of its model', (path, action) => {
    expect(json(path, { model: 'm' })).toMatchObject({ action, resource: { kind: 'model', name: 'm' } });
  });

  test('shows its parameters to policies, and none of its content', () => {
    const content = { prompt: 'p', input: 'i', image: 'x', images: ['y'], mask: 'z', instructions: 'softly' };
    expect(json('/images/edits', { model: 'm', size: '1024x1024', n: 2, ...content }).args).toEqual({
      model: 'm',
      size: '1024x1024',
      n: 2,
    });
  });

  test('as a form shows the same, and what is said of its files', async () => {
    const { request: asked, body } = await form({
      model: 'm',
      prompt: 'p',
      n: '3',
      stream: 'true',
      image: new Blob([Buffer.alloc(3_000)], { type: 'image/png' }),
    });
    const reading = openaiMedia.read(asked, '/images/edits', body);
    expect(reading).toMatchObject({ action: 'model.image', stream: true });
    const files = [{ field: 'image', filename: 'a.bin', type: 'image/png', bytes: 3_000 }];
    expect(reading.args).toEqual({ model: 'm', n: 3, stream: true, files });
    expect(reading.estimate.units).toBe(3);
  });

  test('whose numbers and flags are none in a form is refused', async () => {
    for (const [field, told] of [
      ['n', /`n` to be a whole number/],
      ['stream', /`stream` to be true or false/],
    ] as const) {
      const { request: asked, body } = await form({ model: 'm', [field]: '1e9' });
      expect(() => openaiMedia.read(asked, '/images/edits', body)).toThrow(told);
    }
  });

  test.each([
    ['/images/generations', { prompt: 'p' }, /`model`/],
    ['/images/generations', { model: 'm', n: 129 }, /`n`/],
    ['/images/generations', { model: 'm', Model: 'big' }, /could be taken for `model`/],
    ['/images/other', { model: 'm' }, /an operation on images/],
  ])('%s of %j is refused', (path, body, told) => {
    expect(() => json(path, body)).toThrow(told);
  });
});

test('an alias is put into a form as into JSON', async () => {
  const { request: asked, body } = await form({ model: 'fast', file: new Blob(['sound']) });
  const reading = openaiMedia.read(asked, '/audio/transcriptions', body);
  const sent = openaiMedia.write(body, reading, { model: 'whisper-1', meter: false });
  expect(sent.body.toString()).toBe(body.toString().replace('\r\nfast\r\n', '\r\nwhisper-1\r\n'));
  const inJson = json('/moderations', { model: 'fast' });
  expect(openaiMedia.write(bytes({ model: 'fast' }), inJson, { model: 'm', meter: false }).body.toString()).toBe(
    '{"model":"m"}',
  );
});
