import { describe, expect, test } from 'vitest';
import { openaiResponses } from '../../src/protocols/openai-responses.ts';
import { bytes, request } from './request.ts';

const read = (body: unknown) => openaiResponses.read(request('POST'), '/responses', bytes(body));
const response = { model: 'gpt-5', input: 'hi' };

describe('read', () => {
  test('sees the model, the parameters and the names of the tools, and no content', () => {
    const reading = read({
      ...response,
      instructions: 'secret',
      stream: true,
      reasoning: { effort: 'low' },
      max_output_tokens: 900,
      tools: [{ type: 'function', name: 'shell' }, { type: 'web_search' }, { type: 'mcp', server_label: 'x' }],
    });
    expect(reading).toMatchObject({
      action: 'model.generate',
      resource: { kind: 'model', name: 'gpt-5' },
      stream: true,
    });
    expect(reading.args).toEqual({
      model: 'gpt-5',
      stream: true,
      reasoning: { effort: 'low' },
      max_output_tokens: 900,
      tools: ['shell', 'web_search', 'mcp'],
    });
    expect(reading.estimate.outputTokens).toBe(900);
  });

  test('refuses a response in the background, whose usage nobody would see', () => {
    expect(() => read({ ...response, background: true })).toThrow(/cannot be metered/);
    expect(read({ ...response, background: false }).estimate.outputTokens).toBe(16_384);
  });

  test.each([
    [{ ...response, max_output_tokens: 0 }, /`max_output_tokens`/],
    [{ ...response, BACKGROUND: true }, /could be taken for `background`/],
    [{ input: 'hi' }, /`model`/],
  ])('refuses %j', (body, message) => {
    expect(() => read(body)).toThrow(message);
  });
});

test('an alias is the only thing that changes on the way up', () => {
  const body = bytes('{"input":"model","model": "fast","stream":true}');
  const reading = openaiResponses.read(request('POST'), '/responses', body);
  const sent = openaiResponses.write(body, reading, { model: 'gpt-5', meter: true });
  expect(sent.body.toString()).toBe('{"input":"model","model": "gpt-5","stream":true}');
  expect(sent).toMatchObject({ splices: ['model-alias'], hideUsage: false });
  expect(openaiResponses.write(body, reading, { model: 'fast', meter: true }).body).toBe(body);
});
