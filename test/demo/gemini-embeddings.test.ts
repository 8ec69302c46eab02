import { describe, expect, test } from 'vitest';
import { answerBatchEmbeddings, answerEmbedding } from '../../src/demo/gemini-embeddings.ts';

interface Embedded {
  readonly embedding: { readonly values: readonly number[] };
  readonly embeddings: readonly { readonly values: readonly number[] }[];
}

const content = (text: string) => ({ parts: [{ text }] });
const bodyOf = (reply: ReturnType<typeof answerEmbedding>): Embedded =>
  (reply.kind === 'json' ? reply.body : {}) as Embedded;
const embed = (text: string, fields: object = {}) =>
  bodyOf(answerEmbedding({ model: 'demo-small', content: content(text), ...fields })).embedding.values;

describe('a vector', () => {
  test('is the same for the same content, and another for another', () => {
    expect(embed('one')).toEqual(embed('one'));
    expect(embed('one')).not.toEqual(embed('two'));
  });

  test('has the length 1 and as many dimensions as were asked for', () => {
    for (const outputDimensionality of [1, 31, 32, 33, 3_072]) {
      const values = embed('x', { outputDimensionality });
      expect(values).toHaveLength(outputDimensionality);
      expect(Math.hypot(...values)).toBeCloseTo(1);
    }
    expect(embed('x')).toHaveLength(768);
  });

  test('of a batch is that of its request alone, and the usage is that of all', () => {
    const requests = ['one', 'two'].map((text) => ({ content: content(text) }));
    const reply = answerBatchEmbeddings({ model: 'demo-small', requests });
    expect(bodyOf(reply).embeddings.map(({ values }) => values)).toEqual([embed('one'), embed('two')]);
    expect(reply).toMatchObject({ body: { usageMetadata: { promptTokenCount: expect.any(Number) as number } } });
  });
});
