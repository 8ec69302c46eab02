import { describe, expect, test } from 'vitest';
import { DEFAULT_OUTPUT_TOKENS, estimateOf } from '../../src/protocols/estimate.ts';

const limit = { output: 100, choices: 1 };
const data = (bytes: number): string => 'A'.repeat(bytes);
const inputTokens = (content: unknown): number => {
  const body = JSON.stringify(content);
  return estimateOf(body.length, content, limit).inputTokens;
};
const text = (content: unknown, without: number): number => Math.ceil((JSON.stringify(content).length - without) / 3);

describe('estimateOf', () => {
  test('counts a token for every three bytes of text', () => {
    const content = [{ role: 'user', content: 'hello '.repeat(1_000) }];
    expect(inputTokens(content)).toBe(text(content, 0));
  });

  test('multiplies the output by the choices, and reserves the default where it is not limited', () => {
    expect(estimateOf(10, [], { output: 100, choices: 3 }).outputTokens).toBe(300);
    expect(estimateOf(10, [], { output: undefined, choices: 2 }).outputTokens).toBe(2 * DEFAULT_OUTPUT_TOKENS);
  });

  test.each([
    ['a chat image', { type: 'image_url', image_url: { url: `data:image/png;base64,${data(300_000)}` } }, 300_022],
    ['a responses image', { type: 'input_image', image_url: `data:image/png;base64,${data(300_000)}` }, 300_022],
    ['a messages image', { type: 'image', source: { type: 'base64', data: data(300_000) } }, 300_000],
    ['a screenshot', { type: 'computer_screenshot', image_url: data(300_000) }, 300_000],
    ['a generated image', { type: 'image_generation_call', result: data(300_000) }, 300_000],
    ['an image at an address', { type: 'image', source: { type: 'url', url: 'https://a.test/x.png' } }, 0],
    ['an image by its id', { type: 'input_image', file_id: 'file_1' }, 0],
  ])('counts %s at its own size, not its bytes', (_, part, bytes) => {
    const content = [{ role: 'user', content: [{ type: 'text', text: 'what is this' }, part] }];
    expect(inputTokens(content)).toBe(text(content, bytes) + 1_600);
  });

  test.each([
    ['a chat file', { type: 'file', file: { file_data: data(80_000) } }],
    ['a responses file', { type: 'input_file', file_data: data(80_000) }],
    ['a messages document', { type: 'document', source: { type: 'base64', data: data(80_000) } }],
  ])('counts a token for every eight bytes of %s', (_, part) => {
    expect(inputTokens([part])).toBe(text([part], 80_000) + 10_000);
  });

  test.each([
    ['by its id', { type: 'input_file', file_id: 'file_1' }],
    ['at an address', { type: 'document', source: { type: 'url', url: 'https://a.test/x.pdf' } }],
  ])('counts a document %s as twenty pages', (_, part) => {
    expect(inputTokens([part])).toBe(text([part], 0) + 65_536);
  });

  test('counts a document of plain text as text, and its images as images', () => {
    const plain = { type: 'document', source: { type: 'text', data: data(3_000) } };
    expect(inputTokens([plain])).toBe(text([plain], 0));
    const mixed = {
      type: 'document',
      source: { type: 'content', content: [{ type: 'image', source: { type: 'base64', data: data(900) } }] },
    };
    expect(inputTokens([mixed])).toBe(text([mixed], 900) + 1_600);
  });

  test('counts a token for every 256 bytes of speech', () => {
    const part = { type: 'input_audio', input_audio: { data: data(25_601), format: 'mp3' } };
    expect(inputTokens([part])).toBe(text([part], 25_601) + 101);
  });

  test('finds images in the results of tools', () => {
    const image = { type: 'image', source: { type: 'base64', data: data(9_000) } };
    const messages = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [image, image] }] }];
    expect(inputTokens(messages)).toBe(text(messages, 18_000) + 3_200);
    const outputs = [{ type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: data(900) } }];
    expect(inputTokens(outputs)).toBe(text(outputs, 900) + 1_600);
  });

  test('is a safe number for content of any shape', () => {
    for (const content of [
      null,
      1,
      'x',
      [null, 1, []],
      { type: 'image' },
      { type: 'file', file: 7 },
      [{ content: 3 }],
    ]) {
      expect(estimateOf(3, content, limit).inputTokens).toBeGreaterThanOrEqual(1);
    }
  });
});
