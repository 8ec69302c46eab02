import { describe, expect, test } from 'vitest';
import { mediaEstimate } from '../../src/protocols/media-estimate.ts';

const file = (bytes: number) => ({ field: 'file', filename: 'a', type: '', bytes });

describe('what media may use at worst', () => {
  test('an image has its tokens, taken or made, and each one made is paid', () => {
    expect(mediaEstimate('model.image', { fields: { n: 3 }, files: [], bodyBytes: 30 })).toEqual({
      inputTokens: 10,
      outputTokens: 3 * 8_192,
      units: 3,
    });
    const media = { fields: { images: ['a', 'b'], image: 'c' }, files: [file(9_000)], bodyBytes: 9_030 };
    expect(mediaEstimate('model.image', media)).toEqual({ inputTokens: 10 + 4 * 8_192, outputTokens: 8_192, units: 1 });
    expect(mediaEstimate('model.image', { fields: { image: null }, files: [], bodyBytes: 3 }).inputTokens).toBe(1);
  });

  test('sound has the tokens of its leanest encoding, and no more of text', () => {
    expect(mediaEstimate('model.transcribe', { fields: {}, files: [file(2_560)], bodyBytes: 2_590 })).toEqual({
      inputTokens: 20,
      outputTokens: 10,
    });
  });

  test.each(['model.speech', 'model.moderate'] as const)('%s has the tokens of its text', (action) => {
    expect(mediaEstimate(action, { fields: {}, files: [], bodyBytes: 30 })).toEqual({
      inputTokens: 10,
      outputTokens: 0,
    });
  });
});
