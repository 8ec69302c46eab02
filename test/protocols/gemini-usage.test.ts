import { describe, expect, test } from 'vitest';
import { geminiUsage } from '../../src/protocols/gemini-usage.ts';
import { bytes } from './request.ts';

const chunk = (parts: readonly object[], rest: object = {}): string =>
  JSON.stringify({ candidates: [{ content: { parts }, index: 0, ...rest }], usageMetadata: { promptTokenCount: 9 } });
const afterEvents = (...events: readonly string[]) => {
  const usage = geminiUsage();
  for (const data of events) usage.event('', data);
  return usage.result;
};
const afterJson = (body: unknown) => {
  const usage = geminiUsage();
  usage.json(bytes(body));
  return usage.result;
};
const counted = (usageMetadata: object) => afterJson({ candidates: [], usageMetadata }).usage;

describe('a stream', () => {
  test('has stated its usage once a candidate has finished, not before', () => {
    expect(afterEvents(chunk([{ text: 'a' }]))).toMatchObject({ stated: false, terminal: false });
    expect(afterEvents(chunk([{ text: 'a' }]), chunk([], { finishReason: 'STOP' }))).toMatchObject({ stated: true });
  });

  test('may say more after a finish: only its end is the end', () => {
    expect(afterEvents(chunk([], { finishReason: 'STOP' })).terminal).toBe(false);
  });

  test('counts the text that it generated; a picture by what it costs, a signature not at all', () => {
    const text = afterEvents(chunk([{ text: 'abcdef' }])).outputBytes;
    expect(text).toBe(6);
    const data = 'A'.repeat(100_000);
    expect(afterEvents(chunk([{ inlineData: { mimeType: 'image/png', data } }])).outputBytes).toBe(3_870);
    expect(afterEvents(chunk([{ text: '', thoughtSignature: data }])).outputBytes).toBe(0);
    expect(afterEvents(chunk([{ functionCall: { name: 'add', args: { a: 'xyz' } } }])).outputBytes).toBe(6);
  });

  test('that is blocked has ended', () => {
    expect(afterEvents('{"promptFeedback":{"blockReason":"SAFETY"}}')).toMatchObject({
      terminal: true,
      finishReasons: ['SAFETY'],
    });
  });

  test('that is none of the dialect’s counts as text, and harms nobody', () => {
    expect(afterEvents('[DONE]', '[]', '1').outputBytes).toBe(9);
    expect(afterEvents('{"candidates":[null,{"content":1},{"content":{"parts":[1]}}]}').outputBytes).toBe(0);
  });
});

describe('an answer', () => {
  test('counts thoughts as output, and what tools read as input', () => {
    const usage = {
      promptTokenCount: 100,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 20,
      toolUsePromptTokenCount: 7,
    };
    expect(counted(usage)).toMatchObject({ input: 107, output: 25, reasoning: 20, cacheRead: 0 });
  });

  test('counts what the total has beyond its parts as output', () => {
    expect(counted({ promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 40 })).toMatchObject({
      output: 30,
    });
  });

  test('has no more from a cache than it has prompt', () => {
    expect(counted({ promptTokenCount: 10, cachedContentTokenCount: 99 })).toMatchObject({ input: 0, cacheRead: 10 });
  });

  test.each([
    { candidatesTokenCount: 5 },
    { promptTokenCount: -1 },
    { promptTokenCount: 1, thoughtsTokenCount: '5' },
    { promptTokenCount: 1, candidatesTokenCount: 1.5 },
    { promptTokenCount: 1, toolUsePromptTokenCount: {} },
  ])('that counts %j has not stated its usage', (usageMetadata) => {
    expect(afterJson({ usageMetadata })).toMatchObject({ stated: false, terminal: true });
  });

  test('that tells nothing counts as text, but vectors do not', () => {
    expect(afterJson({}).outputBytes).toBe(2);
    expect(afterJson('no json').outputBytes).toBe(7);
    expect(afterJson({ embedding: { values: [1, 2, 3] } })).toMatchObject({
      outputBytes: 0,
      stated: false,
      terminal: true,
    });
    expect(afterJson({ embeddings: [] }).outputBytes).toBe(0);
  });
});
