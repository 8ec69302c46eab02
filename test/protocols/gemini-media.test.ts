import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediaUsage } from '../../src/protocols/gemini-media.ts';

const tokens = (modality: string, tokenCount: unknown) => ({ modality, tokenCount });
const NONE = { audioInput: 0, imageInput: 0, videoInput: 0, audioCacheRead: 0, audioOutput: 0, imageOutput: 0 };

describe('sound and pictures', () => {
  test('are told apart from text, what a cache served apart from what is fresh', () => {
    const counted = {
      promptTokensDetails: [tokens('TEXT', 10), tokens('AUDIO', 50)],
      toolUsePromptTokensDetails: [tokens('IMAGE', 5)],
      cacheTokensDetails: [tokens('AUDIO', 20)],
      candidatesTokensDetails: [tokens('AUDIO', 7), tokens('IMAGE', 3)],
    };
    expect(mediaUsage(counted, { input: 45, cacheRead: 20, output: 11 })).toEqual({
      ...NONE,
      audioInput: 30,
      imageInput: 5,
      audioCacheRead: 20,
      audioOutput: 7,
      imageOutput: 3,
    });
  });

  test.each([
    {},
    { promptTokensDetails: [tokens('TEXT', 10), tokens('DOCUMENT', 10)] },
    { promptTokensDetails: 'x', candidatesTokensDetails: [null, 1, tokens('AUDIO', '9'), tokens('AUDIO', -1)] },
  ])('are none in %j', (counted) => {
    expect(mediaUsage(counted, { input: 100, cacheRead: 0, output: 100 })).toBeUndefined();
  });

  test('are never more than the class that they are in, whatever the provider says', () => {
    const details = fc.array(
      fc.record({ modality: fc.constantFrom('AUDIO', 'IMAGE', 'VIDEO'), tokenCount: fc.integer() }),
    );
    const count = fc.nat({ max: 1_000 });
    fc.assert(
      fc.property(details, details, details, count, count, count, (prompt, cache, out, input, cacheRead, output) => {
        const counted = { promptTokensDetails: prompt, cacheTokensDetails: cache, candidatesTokensDetails: out };
        const media = mediaUsage(counted, { input, cacheRead, output }) ?? NONE;
        expect(Math.min(...Object.values(media))).toBeGreaterThanOrEqual(0);
        expect(media.audioInput + media.imageInput + media.videoInput).toBeLessThanOrEqual(input);
        expect(media.audioCacheRead).toBeLessThanOrEqual(cacheRead);
        expect(media.audioOutput + media.imageOutput).toBeLessThanOrEqual(output);
      }),
    );
  });
});
