// What a request may use at worst, from its size alone: no tokenizer is safe on text from strangers.
import type { Estimate } from '../core/usage.ts';
import { isFields } from './fields.ts';

/** Output tokens reserved where a request does not limit them. */
export const DEFAULT_OUTPUT_TOKENS = 16_384;

/** Text of real use has 3.5 to 4.5 bytes a token. What JSON adds around each message counts as text and covers its framing. */
export const TEXT_BYTES_PER_TOKEN = 3;
/** An image at full size, whatever its bytes. */
const IMAGE_TOKENS = 1_600;
/** Base64 of a PDF: a page costs 2,000 to 4,500 tokens, as text and as picture, and takes 20 to 40 KB. */
export const DOCUMENT_BYTES_PER_TOKEN = 8;
/** A document that is only referred to: about 20 pages. */
export const DOCUMENT_TOKENS = 65_536;
/** Base64 of speech: 10 tokens a second, from 2.6 KB a second in the leanest encoding. */
export const AUDIO_BYTES_PER_TOKEN = 256;

interface Media {
  /** Bytes of the body that are no text. */
  bytes: number;
  tokens: number;
}

/** The estimate of a generation whose content stands in `content` (messages, input), at most `output` tokens for each of `choices`. */
export function estimateOf(
  bodyBytes: number,
  content: unknown,
  limit: { readonly output: number | undefined; readonly choices: number },
): Estimate {
  const media: Media = { bytes: 0, tokens: 0 };
  tally(content, media);
  return {
    inputTokens: Math.ceil(Math.max(0, bodyBytes - media.bytes) / TEXT_BYTES_PER_TOKEN) + media.tokens,
    outputTokens: (limit.output ?? DEFAULT_OUTPUT_TOKENS) * limit.choices,
  };
}

function tally(value: unknown, media: Media): void {
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) if (typeof element === 'object') tally(element, media);
    return;
  }
  if (!isFields(value)) return;
  switch (value['type']) {
    case 'image_url':
    case 'input_image':
    case 'computer_screenshot':
      return addImage(value['image_url'], media);
    case 'image':
      return addImage(value['source'], media);
    case 'image_generation_call':
      return addImage(value['result'], media);
    case 'input_audio':
      return addInline(value['input_audio'], AUDIO_BYTES_PER_TOKEN, media);
    case 'file':
      return addDocument(value['file'], media);
    case 'input_file':
      return addDocument(value, media);
    case 'document':
      return addDocument(value['source'], media);
    default:
      tally(value['content'], media);
      tally(value['output'], media);
  }
}

function addImage(source: unknown, media: Media): void {
  media.bytes += inlineBytes(source);
  media.tokens += IMAGE_TOKENS;
}

function addInline(source: unknown, bytesPerToken: number, media: Media): void {
  const bytes = inlineBytes(source);
  media.bytes += bytes;
  media.tokens += Math.ceil(bytes / bytesPerToken);
}

function addDocument(source: unknown, media: Media): void {
  if (isFields(source) && (source['type'] === 'text' || source['type'] === 'content')) {
    tally(source['content'], media);
    return;
  }
  if (inlineBytes(source) > 0) addInline(source, DOCUMENT_BYTES_PER_TOKEN, media);
  else media.tokens += DOCUMENT_TOKENS;
}

/** Length of base64 in the body; nothing for an address or an id, which is text. */
function inlineBytes(source: unknown): number {
  if (typeof source === 'string') return /^https?:/i.test(source) ? 0 : source.length;
  if (!isFields(source)) return 0;
  const data = source['data'] ?? source['file_data'] ?? source['url'];
  return typeof data === 'string' ? inlineBytes(data) : 0;
}
