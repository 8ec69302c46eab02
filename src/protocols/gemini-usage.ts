// Usage of Gemini's answers. A stream repeats `usageMetadata` in every chunk, counted up to there.
import { type Fields, isFields } from './fields.ts';
import { mediaUsage } from './gemini-media.ts';
import type { DetailedUsage, UsageReader } from './protocol.ts';
import { readGeminiUses } from './tool-steps-gemini.ts';
import { generatedBytes, parseObject, parseValue, tokenCount } from './usage-count.ts';
import { addFinishReason, endJson, markFailed, newProgress, textOf, type UsageProgress } from './usage-progress.ts';

/** A generated picture is some 1,290 tokens, whatever its bytes; three bytes are taken for a token. */
const PICTURE_BYTES = 3_870;

/** Usage of an answer: in the body, in the last of a list of chunks, or in the event that ends it. */
export function geminiUsage(): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      const text = body.toString('latin1');
      const answer = parseValue(text);
      const chunks = (Array.isArray(answer) ? (answer as readonly unknown[]) : [answer]).filter(isFields);
      const counted = chunks.map((chunk) => readChunk(progress, chunk));
      readGeminiUses(progress.tools, chunks, text);
      progress.stated = counted.includes(true);
      // Vectors are no generated text.
      if (chunks.some(isEmbedding)) progress.terminal = true;
      else endJson(progress, body.length);
    },
    event(_, data) {
      const chunk = parseObject(data);
      if (!chunk) progress.outputBytes += data.length;
      // Before a candidate has finished, the count is not final.
      else {
        if (readChunk(progress, chunk) && progress.finishReasons.length > 0) progress.stated = true;
        readGeminiUses(progress.tools, [chunk], data);
      }
    },
  };
}

function isEmbedding(answer: Fields): boolean {
  return 'embedding' in answer || 'embeddings' in answer;
}

/** Reads one chunk; true where it counts its usage. */
function readChunk(progress: UsageProgress, chunk: Fields): boolean {
  if (isFields(chunk['error'])) {
    markFailed(progress);
    return false;
  }
  progress.responseId ??= textOf(chunk, 'responseId');
  progress.model ??= textOf(chunk, 'modelVersion');
  const { candidates, promptFeedback } = chunk;
  if (Array.isArray(candidates)) {
    for (const candidate of candidates as readonly unknown[]) readCandidate(progress, candidate);
  }
  const blocked = isFields(promptFeedback) ? textOf(promptFeedback, 'blockReason') : undefined;
  if (blocked !== undefined) progress.terminal = true;
  addFinishReason(progress, blocked);
  const usage = usageOf(chunk['usageMetadata']);
  if (usage) progress.usage = usage;
  return usage !== undefined;
}

function readCandidate(progress: UsageProgress, candidate: unknown): void {
  if (!isFields(candidate)) return;
  const { content } = candidate;
  const parts = isFields(content) && Array.isArray(content['parts']) ? (content['parts'] as readonly unknown[]) : [];
  for (const part of parts) progress.outputBytes += partBytes(part);
  addFinishReason(progress, textOf(candidate, 'finishReason'));
}

function partBytes(part: unknown): number {
  if (!isFields(part)) return 0;
  const { inlineData, thoughtSignature: _, ...generated } = part;
  return generatedBytes(generated) + (inlineData === undefined ? 0 : PICTURE_BYTES);
}

// The prompt includes what a cache served; candidates are without thoughts; what tools read is apart from all of them.
function usageOf(counted: unknown): DetailedUsage | undefined {
  if (!isFields(counted)) return undefined;
  const prompt = tokenCount(counted['promptTokenCount']);
  const tools = countIn(counted, 'toolUsePromptTokenCount');
  const candidates = countIn(counted, 'candidatesTokenCount');
  const thoughts = countIn(counted, 'thoughtsTokenCount');
  if (prompt === undefined || tools === undefined || candidates === undefined || thoughts === undefined) {
    return undefined;
  }
  const cacheRead = Math.min(prompt, countIn(counted, 'cachedContentTokenCount') ?? 0);
  const input = prompt + tools - cacheRead;
  const output = Math.max(candidates + thoughts, (tokenCount(counted['totalTokenCount']) ?? 0) - prompt - tools);
  const media = mediaUsage(counted, { input, cacheRead, output });
  return {
    input,
    cacheRead,
    cacheWrite: 0,
    cacheWriteHour: 0,
    output,
    reasoning: thoughts,
    ...(media && { media }),
  };
}

/** A count that is left out where it is nothing; undefined where it is no count. */
function countIn(counted: Fields, key: string): number | undefined {
  return tokenCount(counted[key] ?? 0);
}
