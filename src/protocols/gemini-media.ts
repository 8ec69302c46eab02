// What of Gemini's usage is sound or pictures: `…TokensDetails` lists tokens by modality.
import { type Fields, isFields } from './fields.ts';
import type { DetailedUsage, MediaUsage } from './protocol.ts';
import { tokenCount } from './usage-count.ts';

/** Sound and pictures among the counted tokens; undefined where there are none. Never more than their class has. */
export function mediaUsage(
  counted: Fields,
  classes: Pick<DetailedUsage, 'input' | 'cacheRead' | 'output'>,
): MediaUsage | undefined {
  const { promptTokensDetails: prompt, toolUsePromptTokensDetails: tools } = counted;
  const { cacheTokensDetails: cache, candidatesTokensDetails: candidates } = counted;
  const fresh = (modality: string): number =>
    tokensOf(prompt, modality) + tokensOf(tools, modality) - tokensOf(cache, modality);
  const [audioInput = 0, imageInput = 0, videoInput = 0] = within(classes.input, [
    fresh('AUDIO'),
    fresh('IMAGE'),
    fresh('VIDEO'),
  ]);
  const [audioCacheRead = 0] = within(classes.cacheRead, [tokensOf(cache, 'AUDIO')]);
  const [audioOutput = 0, imageOutput = 0] = within(classes.output, [
    tokensOf(candidates, 'AUDIO'),
    tokensOf(candidates, 'IMAGE'),
  ]);
  const media = { audioInput, imageInput, videoInput, audioCacheRead, audioOutput, imageOutput };
  return Object.values(media).some((tokens) => tokens > 0) ? media : undefined;
}

function within(whole: number, parts: readonly number[]): readonly number[] {
  let left = whole;
  return parts.map((tokens) => {
    const taken = Math.max(0, Math.min(left, tokens));
    left -= taken;
    return taken;
  });
}

function tokensOf(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0;
  let tokens = 0;
  for (const detail of details as readonly unknown[]) {
    if (isFields(detail) && detail['modality'] === modality) tokens += tokenCount(detail['tokenCount']) ?? 0;
  }
  return tokens;
}
