import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { openaiChat } from '../../src/protocols/openai-chat.ts';
import { bytes, request } from './request.ts';

const PATH = '/chat/completions';
const read = (body: unknown) => openaiChat.read(request('POST'), PATH, bytes(body));
const write = (body: unknown, model = 'gpt-5') => {
  const sent = bytes(body);
  return openaiChat.write(sent, openaiChat.read(request('POST'), PATH, sent), { model, meter: true });
};
const chat = { model: 'gpt-5', messages: [{ role: 'user', content: 'hi' }] };

describe('read', () => {
  test('sees the model, the parameters and the names of the tools, and no content', () => {
    const reading = read({
      ...chat,
      temperature: 0.2,
      max_completion_tokens: 50,
      prediction: { type: 'content', content: 'secret' },
      tools: [
        { type: 'function', function: { name: 'shell', parameters: {} } },
        { type: 'custom', custom: { name: 'patch' } },
        { type: 'web_search' },
        null,
      ],
      functions: [{ name: 'old' }],
    });
    expect(reading).toMatchObject({
      action: 'model.generate',
      resource: { kind: 'model', name: 'gpt-5' },
      stream: false,
    });
    expect(reading.args).toEqual({
      model: 'gpt-5',
      temperature: 0.2,
      max_completion_tokens: 50,
      tools: ['shell', 'patch', 'web_search', 'old'],
    });
  });

  test('reserves the larger limit of output for every choice', () => {
    expect(read({ ...chat, max_tokens: 10, max_completion_tokens: 30, n: 4 }).estimate.outputTokens).toBe(120);
    expect(read({ ...chat, max_tokens: null }).estimate.outputTokens).toBe(16_384);
  });

  test.each([
    [{ ...chat, model: undefined }, /`model`/],
    [{ ...chat, model: 'gpt-5 ' }, /`model`/],
    [{ ...chat, Model: 'gpt-6' }, /could be taken for `model`/],
    [{ ...chat, Max_Tokens: 1 }, /could be taken for `max_tokens`/],
    [{ ...chat, stream: 'true' }, /`stream`/],
    [{ ...chat, stream_options: [] }, /`stream_options`/],
    [{ ...chat, max_tokens: '100' }, /`max_tokens`/],
    [{ ...chat, max_completion_tokens: -1 }, /`max_completion_tokens`/],
    [{ ...chat, n: 1_000 }, /`n`/],
    ['[]', /JSON object/],
    ['{"model":"ok","model":"big","messages":[]}', /occurs twice/],
  ])('refuses %j', (body, message) => {
    expect(() => read(body)).toThrow(message);
  });

  test('throws nothing but GatewayError, whatever the members are', () => {
    const member = fc.constantFrom(
      'model',
      'stream',
      'messages',
      'tools',
      'functions',
      'n',
      'max_tokens',
      'stream_options',
    );
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (body) => {
        try {
          read({ model: 'gpt-5', ...body });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});

describe('write', () => {
  test('sends the very same bytes where nothing has to change', () => {
    const body = bytes({ ...chat, stream: true, stream_options: { include_usage: true } });
    const reading = openaiChat.read(request('POST'), PATH, body);
    const sent = openaiChat.write(body, reading, { model: 'gpt-5', meter: true });
    expect(sent).toEqual({ body, splices: [], hideUsage: false });
    expect(sent.body).toBe(body);
  });

  test('puts the name that the upstream knows in the place of an alias, and changes no other byte', () => {
    const sent = write('{ "messages" : [{"model":"fast"}],\n"\\u006dodel" : "fast" , "x":1.0e2}', 'gpt-5-mini');
    expect(sent.body.toString()).toBe('{ "messages" : [{"model":"fast"}],\n"\\u006dodel" : "gpt-5-mini" , "x":1.0e2}');
    expect(sent.splices).toEqual(['model-alias']);
  });

  test.each([
    ['{"model":"gpt-5","stream":true}', '{"stream_options":{"include_usage":true},"model":"gpt-5","stream":true}'],
    [
      '{"model":"gpt-5","stream":true,"stream_options":{ }}',
      '{"model":"gpt-5","stream":true,"stream_options":{"include_usage":true }}',
    ],
    [
      '{"model":"gpt-5","stream_options":{"include_usage": false,"x":1},"stream":true}',
      '{"model":"gpt-5","stream_options":{"include_usage": true,"x":1},"stream":true}',
    ],
    [
      '{"model":"gpt-5","stream_options":{"include_obfuscation":false},"stream":true}',
      '{"model":"gpt-5","stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}',
    ],
    [
      '{"model":"gpt-5","stream_options":null,"stream":true}',
      '{"model":"gpt-5","stream_options":{"include_usage":true},"stream":true}',
    ],
  ])('asks for usage in %s', (body, sent) => {
    expect(write(body)).toEqual({ body: Buffer.from(sent), splices: ['include-usage'], hideUsage: true });
  });

  test('does both at once', () => {
    const sent = write('{"model":"é","stream":true}', 'gpt-5');
    expect(sent.body.toString()).toBe('{"stream_options":{"include_usage":true},"model":"gpt-5","stream":true}');
    expect(sent.splices).toEqual(['model-alias', 'include-usage']);
  });

  test('asks for no usage where nothing is metered or nothing streams', () => {
    const body = bytes({ ...chat, stream: true });
    const reading = openaiChat.read(request('POST'), PATH, body);
    expect(openaiChat.write(body, reading, { model: 'gpt-5', meter: false }).body).toBe(body);
    expect(write(chat).hideUsage).toBe(false);
  });
});

describe('hideUsage', () => {
  test.each([
    ['{"id":"c","choices":[{"delta":{}}],"usage":null}', '{"id":"c","choices":[{"delta":{}}]}'],
    ['{"usage":null,"choices":[{"delta":{}}]}', '{"choices":[{"delta":{}}]}'],
    ['{"choices":[{}], "usage" : null , "obfuscation":"aZ"}', '{"choices":[{}] , "obfuscation":"aZ"}'],
    ['{"usage":null}', '{}'],
  ])('takes the empty usage out of %s', (data, left) => {
    expect(openaiChat.hideUsage(data)).toBe(left);
  });

  test.each(['{"choices":[],"usage":{"prompt_tokens":1}}', '{"choices": [ ] ,"usage":{}}'])('drops %s', (data) => {
    expect(openaiChat.hideUsage(data)).toBeUndefined();
  });

  test.each([
    '[DONE]',
    '{"choices":[{"delta":{"content":",\\"usage\\":null}"}}]}',
    '{"choices":[{"delta":{"content":"x"},"usage":null}]}',
    '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}',
    '{"choices":[{"delta":{}}],"usage":0}',
    '{"usage":{}}',
    '{"choices":[],"usa',
    '{"usage":null',
    '"usage"',
    '',
  ])('leaves %s as it is', (data) => {
    expect(openaiChat.hideUsage(data)).toBe(data);
  });

  test('leaves anything else that is JSON with the same meaning but for usage', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'choices', 'usage', 'x'), fc.jsonValue({ maxDepth: 2 })),
        (chunk) => {
          const left = openaiChat.hideUsage(JSON.stringify(chunk));
          if (left === undefined) return;
          const { usage, ...rest } = JSON.parse(JSON.stringify(chunk)) as Record<string, unknown>;
          const parsed = JSON.parse(left) as unknown;
          expect(parsed).toEqual(usage === null || !('usage' in chunk) ? rest : { ...rest, usage });
        },
      ),
    );
  });
});
