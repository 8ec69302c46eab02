// What a request to Gemini may use at worst. Tokens of media: https://ai.google.dev/gemini-api/docs/tokens
import { type Estimate } from '../core/usage.ts';
import { DEFAULT_OUTPUT_TOKENS, DOCUMENT_BYTES_PER_TOKEN, DOCUMENT_TOKENS, TEXT_BYTES_PER_TOKEN } from './estimate.ts';
import { type Fields, isFields, readCount } from './fields.ts';
import { readConfig, readThinking, usualNames } from './gemini-fields.ts';

/** A large picture: 16 tiles of 258 tokens. */
const IMAGE_TOKENS = 4_128;
/** Base64 of sound (32 tokens a second) and of film (300 a second), in lean encodings. */
const SOUND_BYTES_PER_TOKEN = 64;
/** What a model reads at most: sound, film and caches that are only referred to may be as long. */
const CONTEXT_TOKENS = 1_048_576;
const CANDIDATES_MAX = 128;

interface Media {
  /** Bytes of the body that are no text. */
  bytes: number;
  tokens: number;
}

/** The estimate of a generation, from its body's size and its members by their usual names. */
export function generationEstimate(bodyBytes: number, request: Fields): Estimate {
  const config = readConfig(request);
  const input = inputEstimate(bodyBytes, [request['contents'], request['systemInstruction']]);
  const cached = request['cachedContent'] === undefined ? 0 : CONTEXT_TOKENS;
  // Whether the limit of the output holds for thoughts too differs between models.
  const output = (readCount(config, 'maxOutputTokens') ?? DEFAULT_OUTPUT_TOKENS) + thinkingBudget(config);
  return {
    ...input,
    inputTokens: input.inputTokens + cached,
    outputTokens: output * (readCount(config, 'candidateCount', CANDIDATES_MAX) ?? 1),
  };
}

// 0 is none, and -1 leaves it to the model.
function thinkingBudget(config: Fields): number {
  const thinking = readThinking(config);
  const budget = thinking['thinkingBudget'];
  return budget === 0 || budget === -1 ? 0 : (readCount(thinking, 'thinkingBudget') ?? 0);
}

/** The estimate of what only reads `content`. */
export function inputEstimate(bodyBytes: number, content: unknown): Estimate {
  const media: Media = { bytes: 0, tokens: 0 };
  tally(content, media);
  return {
    inputTokens: Math.ceil(Math.max(0, bodyBytes - media.bytes) / TEXT_BYTES_PER_TOKEN) + media.tokens,
    outputTokens: 0,
    ...(media.tokens > 0 && { mediaTokens: media.tokens }),
  };
}

// Google takes one content, or one part, for a list of one.
function tally(value: unknown, media: Media): void {
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) tally(element, media);
    return;
  }
  if (!isFields(value)) return;
  const { parts, content, functionResponse, inlineData, fileData } = usualNames(value);
  if (isFields(inlineData)) addInline(usualNames(inlineData), media);
  if (isFields(fileData)) media.tokens += referredTokens(typeOf(usualNames(fileData)));
  tally(parts, media);
  tally(content, media);
  tally(functionResponse, media);
}

function addInline(blob: Fields, media: Media): void {
  const type = typeOf(blob);
  const bytes = typeof blob['data'] === 'string' ? blob['data'].length : 0;
  const tokens = inlineTokens(type, bytes);
  if (tokens === undefined) return;
  media.bytes += bytes;
  media.tokens += tokens;
}

/** Undefined for what is text, or might be. */
function inlineTokens(type: string, bytes: number): number | undefined {
  if (type.startsWith('image/')) return IMAGE_TOKENS;
  if (/^(?:audio|video)\//.test(type)) return Math.ceil(bytes / SOUND_BYTES_PER_TOKEN);
  return type === 'application/pdf' ? Math.ceil(bytes / DOCUMENT_BYTES_PER_TOKEN) : undefined;
}

function referredTokens(type: string): number {
  if (type.startsWith('image/')) return IMAGE_TOKENS;
  return /^(?:application|text)\//.test(type) ? DOCUMENT_TOKENS : CONTEXT_TOKENS;
}

function typeOf(blob: Fields): string {
  const type = blob['mimeType'];
  return typeof type === 'string' ? type.toLowerCase() : '';
}
