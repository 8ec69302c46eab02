import { describe, expect, test } from 'vitest';
import { checkModels, narrowGemini, renameModels } from '../../src/protocols/gemini-models.ts';

describe('models that a body names', () => {
  test.each([
    {},
    { model: 'm' },
    { model: 'models/m' },
    { model: null },
    { requests: [{ model: 'models/m' }, {}, null, 1] },
    { requests: { model: 'm' } },
    { generateContentRequest: { model: 'models/m' } },
  ])('%j is what the path says', (body) => {
    expect(() => checkModels(body, 'm')).not.toThrow();
  });

  test.each([
    { model: 'models/x' },
    { model: 'tunedModels/m' },
    { model: 1 },
    { requests: [{ model: 'models/m' }, { model: 'models/x' }] },
    { requests: { model: 'x' } },
    { generateContentRequest: { model: 'models/x' } },
  ])('%j is another than the path says, and refused', (body) => {
    expect(() => checkModels(body, 'm')).toThrow(expect.objectContaining({ code: 'request.mismatch' }));
  });

  test('are renamed wherever they stand, and nothing else', () => {
    const renamed = (text: string): string => renameModels(Buffer.from(text), 'm"é').toString();
    expect(renamed('{ "model" : "models/a", "contents":[{"model":"a"}] }')).toBe(
      '{ "model" : "models/m\\"é", "contents":[{"model":"a"}] }',
    );
    expect(renamed('{"requests":[{"model":"a","content":{"model":1}}, {"x":"é"}]}')).toBe(
      '{"requests":[{"model":"models/m\\"é","content":{"model":1}}, {"x":"é"}]}',
    );
    expect(renamed('{"requests":{"model":"a"}}')).toBe('{"requests":{"model":"models/m\\"é"}}');
    expect(renamed('{"generate_content_request":{"model":"a"}}')).toBe(
      '{"generate_content_request":{"model":"models/m\\"é"}}',
    );
    expect(renamed('{"requests":null,"\\u006dodel":"a"}')).toBe('{"requests":null,"\\u006dodel":"models/m\\"é"}');
  });

  test('a body that names none stays the same', () => {
    const body = Buffer.from('{"contents":[],"requests":[1]}');
    expect(renameModels(body, 'm')).toBe(body);
  });
});

describe('a list of models', () => {
  const narrowed = (body: unknown, names: readonly string[] = ['a']): Buffer =>
    narrowGemini(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), '', ({ name }) =>
      names.includes(name),
    );

  test('has only those that may be used; one without a name, or of another kind, may not', () => {
    const body =
      '{ "models": [ {"name":"models/a","n":1.0}, {"name":"models/b"}, {"name":"a"}, {} ],\n "nextPageToken":"x" }';
    expect(narrowed(body).toString()).toBe('{ "models": [ {"name":"models/a","n":1.0} ],\n "nextPageToken":"x" }');
  });

  test('stays as it is where all may be used, or where it is none', () => {
    expect(narrowed({ models: [{ name: 'models/a' }] }).toString()).toBe('{"models":[{"name":"models/a"}]}');
    expect(narrowed({ error: {} }).toString()).toBe('{"error":{}}');
    expect(narrowed('[]').toString()).toBe('[]');
  });

  test('that is no plain JSON is not shown', () => {
    expect(() => narrowed('<html>')).toThrow(expect.objectContaining({ code: 'upstream.broken' }));
  });
});
