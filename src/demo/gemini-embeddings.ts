import { hash } from 'node:crypto';
import { geminiRefusal } from './refusal.ts';
import type { Reply } from './reply.ts';
import { batchEmbedRequest, type EmbedRequest, embedRequest, readRequest } from './schema.ts';
import { countTokens } from './script.ts';

const DIMENSIONS = 768;

/** Answers the body of `embedContent`. */
export function answerEmbedding(body: unknown): Reply {
  const read = readRequest(embedRequest, body);
  if (!read.ok) return geminiRefusal(read.refusal);
  const usageMetadata = { promptTokenCount: countTokens(read.value.content) };
  return { kind: 'json', status: 200, body: { embedding: embed(read.value), usageMetadata } };
}

/** Answers the body of `batchEmbedContents`. */
export function answerBatchEmbeddings(body: unknown): Reply {
  const read = readRequest(batchEmbedRequest, body);
  if (!read.ok) return geminiRefusal(read.refusal);
  const { requests } = read.value;
  const usageMetadata = { promptTokenCount: countTokens(requests.map(({ content }) => content)) };
  return { kind: 'json', status: 200, body: { embeddings: requests.map(embed), usageMetadata } };
}

/** A vector of length 1: the same content has the same, others have others; nearness means nothing. */
function embed({ content, outputDimensionality = DIMENSIONS }: EmbedRequest): { readonly values: readonly number[] } {
  const text = JSON.stringify(content);
  const raw: number[] = [];
  for (let block = 0; raw.length < outputDimensionality; block += 1) {
    for (const byte of hash('sha256', `${block}:${text}`, 'buffer')) raw.push(byte - 127.5);
  }
  const vector = raw.slice(0, outputDimensionality);
  const length = Math.hypot(...vector);
  return { values: vector.map((value) => value / length) };
}
