import { describe, expect, test } from 'vitest';
import type { Incoming } from '../../src/core/exchange.ts';
import { gemini } from '../../src/protocols/gemini.ts';
import { bytes, request } from './request.ts';

const PATH = '/v1beta/models/gemini-2.5-pro:generateContent';
const ask = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const read = (body: unknown, path = PATH, asking: Partial<Incoming> = {}) =>
  gemini.read({ ...request('POST'), ...asking }, path, bytes(body));

describe('read', () => {
  test('sees the model of the path, the parameters and the names of the tools, and no content', () => {
    const reading = read({
      ...ask,
      systemInstruction: { parts: [{ text: 'secret' }] },
      cachedContent: 'cachedContents/1',
      generationConfig: { maxOutputTokens: 100, temperature: 0.5 },
      tools: [{ functionDeclarations: [{ name: 'shell' }] }, { codeExecution: {} }],
    });
    expect(reading).toMatchObject({
      action: 'model.generate',
      resource: { kind: 'model', name: 'gemini-2.5-pro' },
      stream: false,
      abortable: true,
    });
    expect(reading.args).toEqual({
      model: 'gemini-2.5-pro',
      cachedContent: 'cachedContents/1',
      generationConfig: { maxOutputTokens: 100, temperature: 0.5 },
      tools: ['shell', 'codeExecution'],
    });
    expect(reading.estimate.outputTokens).toBe(100);
  });

  test.each([
    ['/v1beta/models/m:streamGenerateContent', 'model.generate', true],
    ['/v1/models/m:generateContent', 'model.generate', false],
    ['/v1beta/models/m:countTokens', 'model.count', false],
    ['/v1/models/m:embedContent', 'model.embed', false],
    ['/v1beta/models/m:batchEmbedContents', 'model.embed', false],
  ])('%s is %s', (path, action, stream) => {
    expect(read({}, path)).toMatchObject({ action, stream, resource: { kind: 'model', name: 'm' } });
  });

  test('an embedding generates nothing, and shows no content', () => {
    const reading = read(
      { content: { parts: [{ text: 'x' }] }, task_type: 'RETRIEVAL_QUERY' },
      '/v1/models/m:embedContent',
    );
    expect(reading.estimate.outputTokens).toBe(0);
    expect(reading.args).toEqual({ model: 'm', taskType: 'RETRIEVAL_QUERY' });
  });

  test('takes a list of models, or one of them, by GET', () => {
    const list = (path: string, body: Buffer = Buffer.alloc(0)) => gemini.read(request('GET'), path, body);
    expect(list('/v1beta/models')).toMatchObject({ action: 'model.list', resource: { kind: 'model', name: '' } });
    expect(list('/v1/models/gemini-x')).toMatchObject({ action: 'model.list', resource: { name: 'gemini-x' } });
    expect(() => list('/v1/models', bytes('{}'))).toThrow(/no body with GET/);
  });

  test.each([
    [{ ...ask, generationConfig: [] }, /`generationConfig` to be an object/],
    [{ ...ask, generationConfig: { candidateCount: 0 } }, /`candidateCount`/],
    [{ ...ask, generationConfig: { maxOutputTokens: '9' } }, /`maxOutputTokens`/],
    [{ ...ask, Contents: [] }, /could be taken for `contents`/],
    [{ ...ask, systemInstruction: {}, system_instruction: {} }, /`systemInstruction` in two spellings/],
    [{ ...ask, model: 'models/other' }, /another model than the path/],
    [[ask], /JSON object/],
  ])('refuses %j', (body, told) => {
    expect(() => read(body)).toThrow(told);
  });

  test('refuses what is no path of the dialect, and a query that it does not know', () => {
    expect(() => read(ask, '/v1beta/models/m:predict')).toThrow(expect.objectContaining({ code: 'request.invalid' }));
    expect(() => read(ask, PATH, { query: '?fields=candidates' })).toThrow(/`fields`/);
    expect(read(ask, PATH, { query: '?alt=json' }).action).toBe('model.generate');
  });
});

describe('an alias', () => {
  test('is replaced in the path, whatever the upstream’s name has in it', () => {
    expect(gemini.pathTo?.('/v1/models/fast:generateContent', 'gemini-$&')).toBe(
      '/v1/models/gemini-%24%26:generateContent',
    );
    expect(gemini.pathTo?.('/v1beta/models/models', 'm')).toBe('/v1beta/models/m');
  });

  test('is a splice even where only the path names it', () => {
    const body = bytes(ask);
    const reading = gemini.read(request('POST'), PATH, body);
    expect(gemini.write(body, reading, { model: 'other', meter: true })).toEqual({
      body,
      splices: ['model-alias'],
      hideUsage: false,
    });
  });
});
