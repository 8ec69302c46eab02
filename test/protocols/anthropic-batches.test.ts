import { describe, expect, test } from 'vitest';
import { anthropicBatches } from '../../src/protocols/anthropic-batches.ts';
import { bytes, request } from './request.ts';

const read = (count: number, params: (index: number) => object = () => ({})) => {
  const requests = Array.from({ length: count }, (_, index) => ({
    custom_id: String(index),
    params: { model: 'm', max_tokens: 10, messages: [], ...params(index) },
  }));
  return anthropicBatches.read(request('POST'), '', bytes({ requests }));
};

describe('a message batch', () => {
  test('is as much as its requests together, and one part for all that differ only in their content', () => {
    const reading = read(50, (index) => ({ messages: [{ role: 'user', content: String(index) }] }));
    expect(reading).toMatchObject({ action: 'model.batch', args: { model: 'm', requests: 50 } });
    expect(reading.estimate.outputTokens).toBe(500);
    expect(reading.parts).toEqual([{ model: 'm', max_tokens: 10, tools: [] }]);
  });

  test('without a limit of its requests is as much as the default for each', () => {
    expect(read(3, () => ({ max_tokens: undefined })).estimate.outputTokens).toBe(3 * 16_384);
  });

  test('holds up no other call: it has a bounded number of requests, and of sets of parameters', () => {
    expect(read(10_000).parts).toHaveLength(1);
    expect(() => read(10_001)).toThrow('at most 10000 requests');
    const apart = (index: number): object => ({ max_tokens: index + 1 });
    expect(read(1_000, apart).parts).toHaveLength(1_000);
    expect(() => read(1_001, apart)).toThrow('at most 1000 different sets');
  });

  test('whose ids another reader could take for others is refused', () => {
    for (const custom_id of ['', 1, 'a'.repeat(65), ' a'])
      expect(() =>
        anthropicBatches.read(request('POST'), '', bytes({ requests: [{ custom_id, params: { model: 'm' } }] })),
      ).toThrow('`custom_id`');
  });
});
