import { describe, expect, test } from 'vitest';
import { anthropic } from '../../src/protocols/anthropic.ts';
import { bytes, request } from './request.ts';

const message = { model: 'claude-opus-4-5', max_tokens: 1_024, messages: [{ role: 'user', content: 'hi' }] };
const read = (body: unknown, path = '/messages') => anthropic.read(request('POST'), path, bytes(body));

describe('read', () => {
  test('sees the model, the parameters and the names of the tools, and no content', () => {
    const reading = read({
      ...message,
      system: [{ type: 'text', text: 'secret' }],
      thinking: { type: 'enabled', budget_tokens: 512 },
      tools: [
        { name: 'shell', input_schema: {} },
        { type: 'web_search_20260209', name: 'web_search' },
      ],
      stream: true,
    });
    expect(reading).toMatchObject({
      action: 'model.generate',
      resource: { kind: 'model', name: 'claude-opus-4-5' },
      stream: true,
      abortable: true,
    });
    expect(reading.args).toEqual({
      model: 'claude-opus-4-5',
      max_tokens: 1_024,
      thinking: { type: 'enabled', budget_tokens: 512 },
      tools: ['shell', 'web_search'],
      stream: true,
    });
    expect(reading.estimate.outputTokens).toBe(1_024);
  });

  test('counts images in the system prompt and in messages once each', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(90_000) } };
    const body = { ...message, system: [image], messages: [{ role: 'user', content: [image] }] };
    const size = JSON.stringify(body).length;
    expect(read(body).estimate.inputTokens).toBe(Math.ceil((size - 180_000) / 3) + 3_200);
  });

  test('takes counting tokens as an action that costs nothing', () => {
    expect(read({ model: 'claude-opus-4-5', messages: [] }, '/messages/count_tokens')).toMatchObject({
      action: 'model.count',
      resource: { kind: 'model', name: 'claude-opus-4-5' },
      estimate: { inputTokens: 0, outputTokens: 0 },
    });
  });

  test('takes a list of models, or one of them, by GET', () => {
    const list = (path: string) => anthropic.read(request('GET'), path, Buffer.alloc(0));
    expect(list('/models')).toMatchObject({ action: 'model.list', resource: { kind: 'model', name: '' } });
    expect(list('/models/claude%3Ax')).toMatchObject({ resource: { kind: 'model', name: 'claude:x' } });
    expect(() => list('/models/%ff')).toThrow(/percent-encoded/);
    expect(() => list('/models/%00')).toThrow(/`model`/);
    expect(() => anthropic.read(request('GET'), '/models', bytes('{}'))).toThrow(/no body with GET/);
  });

  test.each([
    [{ ...message, max_tokens: 0 }, /`max_tokens`/],
    [{ ...message, Thinking: {} }, /could be taken for `thinking`/],
    [{ ...message, stream: 1 }, /`stream`/],
  ])('refuses %j', (body, told) => {
    expect(() => read(body)).toThrow(told);
  });
});

test('an alias is the only thing that changes on the way up', () => {
  const body = bytes('{"model":"best","max_tokens":5,"messages":[{"role":"user","content":"\\u00e9"}]}');
  const reading = anthropic.read(request('POST'), '/messages', body);
  expect(anthropic.write(body, reading, { model: 'claude-opus-4-5', meter: true }).body.toString()).toBe(
    '{"model":"claude-opus-4-5","max_tokens":5,"messages":[{"role":"user","content":"\\u00e9"}]}',
  );
});
