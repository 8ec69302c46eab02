import { expect, test } from 'vitest';
import { chatUsage } from '../../src/protocols/openai-chat-usage.ts';

const after = (...events: readonly unknown[]) => {
  const usage = chatUsage();
  for (const event of events) usage.event('', typeof event === 'string' ? event : JSON.stringify(event));
  return usage.result;
};
const counted = { prompt_tokens: 8, completion_tokens: 4, total_tokens: 12 };

test('the chunk that holds nothing but usage ends the answer, DONE or not', () => {
  expect(after({ choices: [], usage: counted })).toMatchObject({ stated: true, terminal: true });
});

test('usage beside a choice states it, and does not end the answer', () => {
  expect(after({ choices: [{ delta: {}, usage: counted }] })).toMatchObject({ stated: true, terminal: false });
  expect(after({ choices: [{ delta: {} }], usage: counted })).toMatchObject({ stated: true, terminal: false });
});

test('the last statement of usage counts', () => {
  const first = { choices: [{ delta: {} }], usage: { prompt_tokens: 8, completion_tokens: 1 } };
  expect(after(first, { choices: [], usage: counted }).usage.output).toBe(4);
});

test('a zero that was stated is no missing statement', () => {
  const zero = { prompt_tokens: 0, completion_tokens: 0 };
  expect(after({ choices: [], usage: zero })).toMatchObject({ stated: true, usage: { input: 0, output: 0 } });
});

test('finish reasons without end do not fill the memory', () => {
  const chunk = { choices: Array.from({ length: 100 }, () => ({ finish_reason: 'stop' })) };
  expect(after(chunk, chunk).finishReasons).toHaveLength(128);
  expect(after({ choices: [{ finish_reason: 'x'.repeat(257) }] }).finishReasons).toEqual([]);
});
