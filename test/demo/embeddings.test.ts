import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
let client: OpenAI;
beforeAll(async () => {
  demo = await startDemoModel();
  client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'unused', maxRetries: 0 });
});
afterAll(() => demo.close());

const embed = (input: string | string[], more: object = {}) =>
  client.embeddings.create({ model: 'demo-small', input, ...more });

describe('embeddings, with the openai SDK', () => {
  test('are one vector of length one for each text, with their usage', async () => {
    const answer = await embed(['one text', 'another']);
    expect(answer.data.map(({ index }) => index)).toEqual([0, 1]);
    for (const { embedding } of answer.data) {
      expect(embedding).toHaveLength(256);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
    expect(answer.usage.total_tokens).toBeGreaterThan(0);
  });

  test('are the same as numbers and as base64, which the SDK asks for by itself', async () => {
    const [binary, numbers] = await Promise.all([embed('some text'), embed('some text', { encoding_format: 'float' })]);
    expect(numbers.data[0]?.embedding).toEqual(binary.data[0]?.embedding);
  });

  test('have as many dimensions as were asked for, and say something of an empty text too', async () => {
    const answer = await embed('…', { dimensions: 8 });
    expect(answer.data[0]?.embedding).toHaveLength(8);
    expect(Math.hypot(...(answer.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
    const cancelled = await embed('hello world', { dimensions: 4 });
    expect(Math.hypot(...(cancelled.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  });

  test('of an unknown model are refused', async () => {
    const error = await client.embeddings.create({ model: 'nobody', input: 'x' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found' });
  });
});
