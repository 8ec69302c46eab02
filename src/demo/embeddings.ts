// OpenAI's embeddings, as https://platform.openai.com/docs/api-reference/embeddings describes them.
import { createHash } from 'node:crypto';
import { openaiRefusal } from './refusal.ts';
import type { Reply } from './reply.ts';
import { embeddingsRequest, readRequest } from './schema.ts';
import { countTokens } from './script.ts';

const DIMENSIONS = 256;

/** Answers the body of `POST /v1/embeddings`: texts that share words lie near each other. */
export function answerEmbeddings(body: unknown): Reply {
  const read = readRequest(embeddingsRequest, body);
  if (!read.ok) return openaiRefusal(read.refusal);
  const { model, input, dimensions, encoding_format: format } = read.value;
  const texts = typeof input === 'string' ? [input] : input;
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const data = texts.map((text, index) => {
    const vector = embed(text, dimensions ?? DIMENSIONS);
    return { object: 'embedding', index, embedding: format === 'base64' ? base64(vector) : [...vector] };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { kind: 'json', status: 200, body: { object: 'list', data, model, usage } };
}

/** A vector of length one: each word adds to a place that its hash picks. */
function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const hash = createHash('sha256').update(word).digest();
    const at = hash.readUInt32LE(0) % dimensions;
    vector[at] = (vector[at] ?? 0) + (hash.readUInt8(4) % 2 === 0 ? 1 : -1);
  }
  // Words may cancel each other out where there are few places.
  if (vector.every((value) => value === 0)) vector[0] = 1;
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}
