import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { geminiOperation, geminiPathTo } from '../../src/protocols/gemini-operation.ts';

describe('a path of Google', () => {
  test('names the model and the method', () => {
    expect(geminiOperation('POST', '/v1beta/models/gemini-x@001:streamGenerateContent')).toEqual({
      action: 'model.generate',
      stream: true,
      model: 'gemini-x@001',
    });
    expect(geminiOperation('GET', '/v1/models')).toEqual({ action: 'model.list', stream: false, model: '' });
  });

  test.each([
    ['GET', '/v1beta/models/m:generateContent'],
    ['POST', '/v1beta/models'],
    ['POST', '/v1beta/models/m'],
    ['POST', '/v1beta/models/:generateContent'],
    ['POST', '/v1beta/models/secret:x:generateContent'],
    ['POST', '/v1beta/models/m:generatecontent'],
    ['POST', '/v1beta/models/m:generateContent/'],
    ['POST', '/v1beta/models/a/b:generateContent'],
    ['POST', '/v1beta/tunedModels/m:generateContent'],
    ['POST', '/v1beta/models/m:predict'],
    ['POST', '/v1beta/models/m:toString'],
    ['POST', '/v1alpha/models/m:generateContent'],
    ['POST', '/v1beta/files'],
    ['POST', '/v1beta/cachedContents'],
    ['GET', '/v1beta/models/'],
    ['GET', '/v1beta/modelsx'],
    ['DELETE', '/v1beta/models/m'],
    ['HEAD', '/v1beta/models'],
  ])('%s %s is none', (method, path) => {
    expect(geminiOperation(method, path)).toBeUndefined();
  });

  test('has one reading: the first and the last `:` part the same name from the same method', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9\-._~!$&'()*+,=:@]{1,12}$/);
    const verb = fc.constantFrom('generateContent', 'countTokens', 'batchEmbedContents', 'x');
    fc.assert(
      fc.property(fc.constantFrom('v1', 'v1beta', 'v2'), name, verb, (version, model, method) => {
        const read = geminiOperation('POST', `/${version}/models/${model}:${method}`);
        const governed = version !== 'v2' && method !== 'x' && !model.includes(':');
        expect(read?.model).toBe(governed ? model : undefined);
      }),
    );
  });

  test('with another model is the same path', () => {
    expect(geminiPathTo('/v1beta/models/a:countTokens', 'b')).toBe('/v1beta/models/b:countTokens');
    expect(geminiPathTo('/v1beta/models/a', 'x/y:z')).toBe('/v1beta/models/x%2Fy%3Az');
  });
});
