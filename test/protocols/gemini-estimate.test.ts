import { describe, expect, test } from 'vitest';
import { DEFAULT_OUTPUT_TOKENS } from '../../src/protocols/estimate.ts';
import { generationEstimate, inputEstimate } from '../../src/protocols/gemini-estimate.ts';

const data = 'A'.repeat(90_000);
const inline = (mimeType: string) => ({ contents: [{ parts: [{ inlineData: { mimeType, data } }] }] });
const file = (mimeType?: string) => ({
  contents: { parts: { file_data: { mime_type: mimeType, file_uri: 'https://x' } } },
});
const output = (generationConfig: unknown): number => generationEstimate(100, { generationConfig }).outputTokens;

describe('the input', () => {
  test('of text is its bytes', () => {
    expect(generationEstimate(300, { contents: [{ parts: [{ text: 'x' }] }] })).toEqual({
      inputTokens: 100,
      outputTokens: DEFAULT_OUTPUT_TOKENS,
    });
  });

  test.each([
    ['image/png', 4_128],
    ['audio/ogg', Math.ceil(90_000 / 64)],
    ['VIDEO/mp4', Math.ceil(90_000 / 64)],
    ['application/pdf', 90_000 / 8],
  ])('of %s is not that of its bytes, and may be dearer than text', (mimeType, tokens) => {
    expect(generationEstimate(90_300, inline(mimeType))).toMatchObject({
      inputTokens: 100 + tokens,
      mediaTokens: tokens,
    });
  });

  test.each(['text/plain', 'application/json', ''])('of `%s` counts as text', (mimeType) => {
    expect(generationEstimate(90_300, inline(mimeType))).toMatchObject({ inputTokens: 30_100 });
    expect(generationEstimate(90_300, inline(mimeType))).not.toHaveProperty('mediaTokens');
  });

  test.each([
    ['image/png', 4_128],
    ['application/pdf', 65_536],
    ['text/csv', 65_536],
    ['video/mp4', 1_048_576],
    [undefined, 1_048_576],
  ])('of a file of type %s, which is only referred to, is what one may have', (mimeType, tokens) => {
    expect(generationEstimate(300, file(mimeType)).inputTokens).toBe(100 + tokens);
  });

  test('of a cache may be all that a model reads', () => {
    expect(generationEstimate(300, { cachedContent: 'cachedContents/x' }).inputTokens).toBe(100 + 1_048_576);
  });

  test('is found in the instruction, in results of functions and in each request of a batch', () => {
    const part = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
    const result = { functionResponse: { name: 'f', response: { inlineData: part }, parts: [part] } };
    expect(generationEstimate(400, { systemInstruction: { parts: [part] } }).mediaTokens).toBe(4_128);
    expect(generationEstimate(400, { contents: [{ parts: [result] }] }).mediaTokens).toBe(4_128);
    expect(
      inputEstimate(400, [undefined, [{ content: { parts: [part] } }, { content: { parts: [part] } }]]),
    ).toMatchObject({
      mediaTokens: 2 * 4_128,
      outputTokens: 0,
    });
  });

  test('that names its data twice is refused', () => {
    const twice = { inlineData: { mimeType: 'image/png', data: '' }, inline_data: { mimeType: 'text/plain', data } };
    expect(() => generationEstimate(400, { contents: [{ parts: [twice] }] })).toThrow(/two spellings/);
  });

  test('that is not what it should be costs its bytes', () => {
    expect(
      generationEstimate(300, { contents: [null, 1, { parts: 'x' }, { inlineData: { data: 1 } }] }).inputTokens,
    ).toBe(100);
  });
});

describe('the output', () => {
  test.each([
    [{ maxOutputTokens: 200 }, 200],
    [{ maxOutputTokens: 200, candidateCount: 3 }, 600],
    [{ maxOutputTokens: 200, thinkingConfig: { thinkingBudget: 1_000 } }, 1_200],
    [{ maxOutputTokens: 200, candidateCount: 2, thinkingConfig: { thinkingBudget: 1_000 } }, 2_400],
    [{ thinkingConfig: { thinkingBudget: 0 } }, DEFAULT_OUTPUT_TOKENS],
    [{ thinkingConfig: { thinkingBudget: -1 } }, DEFAULT_OUTPUT_TOKENS],
    [{ candidateCount: 2 }, 2 * DEFAULT_OUTPUT_TOKENS],
  ])('of %j is %i', (config, tokens) => {
    expect(output(config)).toBe(tokens);
  });

  test.each([
    { candidateCount: 129 },
    { thinkingConfig: { thinkingBudget: -2 } },
    { thinkingConfig: { thinkingBudget: 0.5 } },
  ])('of %j cannot be told', (config) => {
    expect(() => output(config)).toThrow(/whole number/);
  });
});
