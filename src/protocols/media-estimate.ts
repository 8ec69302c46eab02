// What a request for images or sound may use at worst. Where nobody can say, its price is one per request.
import type { Action } from '../core/access.ts';
import type { Estimate } from '../core/usage.ts';
import { AUDIO_BYTES_PER_TOKEN, TEXT_BYTES_PER_TOKEN } from './estimate.ts';
import { type Fields, readCount } from './fields.ts';
import type { FormFile } from './form-fields.ts';

export type MediaAction = Extract<Action, 'model.image' | 'model.speech' | 'model.transcribe' | 'model.moderate'>;

/** An image at the largest size and highest quality, taken or made. */
const IMAGE_TOKENS = 8_192;
const IMAGES_MAX = 128;

export interface Media {
  readonly fields: Fields;
  readonly files: readonly FormFile[];
  readonly bodyBytes: number;
}

export function mediaEstimate(action: MediaAction, { fields, files, bodyBytes }: Media): Estimate {
  const fileBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const text = Math.ceil((bodyBytes - fileBytes) / TEXT_BYTES_PER_TOKEN);
  switch (action) {
    case 'model.image': {
      const made = readCount(fields, 'n', IMAGES_MAX) ?? 1;
      const taken = files.length + referred(fields['image']) + referred(fields['images']);
      return { inputTokens: text + taken * IMAGE_TOKENS, outputTokens: made * IMAGE_TOKENS, units: made };
    }
    case 'model.transcribe': {
      // Speech makes fewer tokens of text than of sound.
      const sound = Math.ceil(fileBytes / AUDIO_BYTES_PER_TOKEN);
      return { inputTokens: text + sound, outputTokens: sound };
    }
    case 'model.speech':
    case 'model.moderate':
      return { inputTokens: text, outputTokens: 0 };
    default:
      return action satisfies never;
  }
}

/** Images in a JSON body, by their address or as they are. */
function referred(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return value === undefined || value === null ? 0 : 1;
}
