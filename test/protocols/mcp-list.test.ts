import { describe, expect, test } from 'vitest';
import { narrowMcp } from '../../src/protocols/mcp-list.ts';
import { bytes } from './request.ts';

type Named = { kind: string; name: string };
const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream; charset=utf-8';
const only =
  (...known: string[]) =>
  ({ kind, name }: Named) =>
    known.includes(`${kind}:${name}`);
const narrow = (text: string, type: string, ...known: string[]): string =>
  narrowMcp(bytes(text), type, only(...known)).toString();

describe('narrowMcp', () => {
  test.each([
    ['tools', '{"name":"a"}', '{"name":"b"}', 'tool:b'],
    ['prompts', '{"name":"a"}', '{"name":"b"}', 'prompt:b'],
    ['resources', '{"uri":"file:///a"}', '{"uri":"file:///b"}', 'resource:file:///b'],
    ['resourceTemplates', '{"uriTemplate":"x://{a}"}', '{"uriTemplate":"x://{b}"}', 'resource:x://{b}'],
  ])('keeps of %s what may be used', (key, one, other, known) => {
    const list = `{"jsonrpc":"2.0","id":1,"result":{"${key}":[${one}, ${other}],"nextCursor":"c"}}`;
    expect(narrow(list, JSON_TYPE, known)).toBe(
      `{"jsonrpc":"2.0","id":1,"result":{"${key}":[${other}],"nextCursor":"c"}}`,
    );
  });

  test('gives back the very buffer of a list that stays whole', () => {
    const body = bytes('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}');
    expect(narrowMcp(body, JSON_TYPE, only('tool:a'))).toBe(body);
    const events = bytes('event: message\ndata: {"result":{"tools":[{"name":"a"}]}}\n\n');
    expect(narrowMcp(events, SSE_TYPE, only('tool:a'))).toBe(events);
  });

  test('makes a list private to its caller, whole or not', () => {
    const list = (scope: string) => `{"result":{"tools":[{"name":"a"},{"name":"b"}],"ttlMs":5${scope}}}`;
    expect(narrow(list(',"cacheScope":"public"'), JSON_TYPE, 'tool:a', 'tool:b')).toBe(list(',"cacheScope":"private"'));
    expect(narrow(list(''), JSON_TYPE, 'tool:a')).toBe(
      '{"result":{"cacheScope":"private","tools":[{"name":"a"}],"ttlMs":5}}',
    );
    expect(narrow(list(',"cacheScope":"private"'), JSON_TYPE, 'tool:a', 'tool:b')).toBe(
      list(',"cacheScope":"private"'),
    );
  });

  test.each([
    ['1000000000000000', 3_600_000],
    ['1e400', 3_600_000],
    ['3600001', 3_600_000],
    ['-1', 0],
    ['"5"', 0],
    ['null', 0],
  ])('lets no list be kept for longer than an hour: %s', (ttl, kept) => {
    const list = (text: string) => `{"result":{"tools":[{"name":"a"}],"cacheScope":"private","ttlMs":${text}}}`;
    expect(narrow(list(ttl), JSON_TYPE, 'tool:a')).toBe(list(String(kept)));
    expect(narrow(list('3600000'), JSON_TYPE, 'tool:a')).toBe(list('3600000'));
  });

  test('finds the list in a stream of events, and leaves the other events', () => {
    const stream =
      ': hi\n\nevent: message\nid: 1\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\ndata:\n\n' +
      'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"modèle"},{"name":"b"}]}}\n\n';
    expect(narrow(stream, SSE_TYPE, 'tool:modèle')).toBe(stream.replace(',{"name":"b"}', ''));
    expect(narrow(stream, SSE_TYPE, 'tool:b')).toBe(stream.replace('{"name":"modèle"},', ''));
  });

  test('takes out entries without a name', () => {
    expect(narrow('{"result":{"tools":[{"title":"a"},7,{"name":""}]}}', JSON_TYPE, 'tool:')).toBe(
      '{"result":{"tools":[]}}',
    );
  });

  test.each(['{"error":{"code":1,"message":"no"}}', '{"result":{"content":[]}}', '{"result":{"tools":{}}}', '[]'])(
    'leaves %s, which is no list',
    (text) => {
      expect(narrow(text, JSON_TYPE)).toBe(text);
    },
  );

  test('passes on nothing of a list that cannot be read', () => {
    const doubled = '{"result":{"tools":[{"name":"a"}],"tools":[]}}';
    expect(() => narrow(doubled, JSON_TYPE)).toThrow(expect.objectContaining({ code: 'upstream.broken' }));
    expect(() => narrow(`data: ${doubled}\n\n`, SSE_TYPE)).toThrow(/nothing of it was passed on/);
  });
});
