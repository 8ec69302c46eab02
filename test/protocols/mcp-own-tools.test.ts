import { describe, expect, test } from 'vitest';
import { ownToolOf, ownToolResource, readOwnRequest, withOwnTools } from '../../src/protocols/mcp-own-tools.ts';
import { bytes } from './request.ts';

const JSON_TYPE = 'application/json';
type Tool = { name: string; description: string; inputSchema: { type: string }; annotations: Record<string, unknown> };
const listed = (body: Buffer): readonly Tool[] =>
  (JSON.parse(body.toString()) as { result: { tools: Tool[] } }).result.tools;
const added = (text: string, ...tools: Parameters<typeof withOwnTools>[2]) =>
  withOwnTools(bytes(text), JSON_TYPE, tools).toString();

describe('tools of our own', () => {
  test('stand at the end of the list, and everything else stays as the upstream sent it', () => {
    const before = '{"jsonrpc":"2.0", "id":1,"result":{"tools":[ {"name":"a","x":9007199254740993} ],"ttlMs":5}}';
    const after = added(before, 'status', 'request');
    expect(listed(bytes(after)).map(({ name }) => name)).toEqual(['a', 'waygate__status', 'waygate__request']);
    expect(
      after.startsWith(
        '{"jsonrpc":"2.0", "id":1,"result":{"tools":[ {"name":"a","x":9007199254740993} ,{"name":"waygate__status"',
      ),
    ).toBe(true);
    expect(after.endsWith('],"ttlMs":5}}')).toBe(true);
  });

  test('are those that are given, and no others', () => {
    const empty = '{"result":{"tools":[]}}';
    expect(listed(bytes(added(empty, 'request'))).map(({ name }) => name)).toEqual(['waygate__request']);
    const body = bytes(empty);
    expect(withOwnTools(body, JSON_TYPE, [])).toBe(body);
  });

  test('say what they are for, as every client reads it', () => {
    for (const tool of listed(bytes(added('{"result":{"tools":[]}}', 'status', 'request')))) {
      expect(tool.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(tool.description.length).toBeGreaterThan(50);
      expect(tool.description.length).toBeLessThan(1_024);
      expect(tool.inputSchema.type).toBe('object');
      expect(Object.keys(tool.annotations).length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['[{"name":"waygate__status"},{"name":"a"}]', ['a', 'waygate__status']],
    ['[{"name":"a"},{"name":"waygate__request"}]', ['a', 'waygate__status']],
    ['[{"name":"waygate__status"}]', ['waygate__status']],
  ])('take the place of an upstream’s of their name: %s', (tools, names) => {
    const after = added(`{"result":{"tools":${tools}}}`, 'status');
    expect(listed(bytes(after)).map(({ name }) => name)).toEqual(names);
    expect(listed(bytes(after)).at(-1)?.description).toContain('budgets');
  });

  test('stand on the last page of a list', () => {
    const page = '{"result":{"tools":[{"name":"a"}],"nextCursor":"2"}}';
    expect(added(page, 'status')).toBe(page);
    expect(added(page.replace('"2"', 'null'), 'status')).toContain('waygate__status');
    expect(listed(bytes(added(page.replace('"a"', '"waygate__status"'), 'status')))).toEqual([]);
  });

  test('are added to a list that comes as an event', () => {
    const events = bytes('event: message\nid: 3\ndata: {"jsonrpc":"2.0","id":1,"result":{"tools":[]}}\n\n: end\n\n');
    const after = withOwnTools(events, 'text/event-stream', ['status']).toString();
    expect(after).toMatch(/^event: message\nid: 3\ndata: \{.*"name":"waygate__status".*\}\n\n: end\n\n$/s);
  });

  test.each(['{"result":{"prompts":[]}}', '{"error":{"code":1}}', '{"result":{"tools":5}}', '5'])(
    'are not added to %s',
    (text) => {
      const body = bytes(text);
      expect(withOwnTools(body, JSON_TYPE, ['status'])).toBe(body);
      const events = bytes(`data: ${text}\n\ndata:\n\n`);
      expect(withOwnTools(events, 'text/event-stream', ['status'])).toBe(events);
    },
  );

  test('a list that cannot be read goes nowhere', () => {
    expect(() => added('{"result":', 'status')).toThrow(expect.objectContaining({ code: 'upstream.broken' }));
  });

  test('are known by their names alone', () => {
    expect(ownToolOf('waygate__status')).toBe('status');
    expect(ownToolOf('waygate__request')).toBe('request');
    for (const name of ['status', 'waygate__', 'waygate__status ', 'Waygate__status', 'waygate__toString']) {
      expect(ownToolOf(name)).toBeUndefined();
    }
    expect(ownToolResource('request')).toEqual({ kind: 'tool', upstream: 'waygate', name: 'request' });
  });
});

describe('what waygate__request asks for', () => {
  test.each([
    ['tool/github/create_issue', 'tool.call', { kind: 'tool', upstream: 'github', name: 'create_issue' }],
    ['model/openai/gpt-5', 'model.generate', { kind: 'model', upstream: 'openai', name: 'gpt-5' }],
    ['prompt/docs/p', 'prompt.get', { kind: 'prompt', upstream: 'docs', name: 'p' }],
    ['resource/docs/file:///a', 'resource.read', { kind: 'resource', upstream: 'docs', name: 'file:///a' }],
  ])('%s is `%s`', (resource, action, parsed) => {
    expect(readOwnRequest({ resource, reason: ' due ', arguments: { a: 1 } })).toEqual({
      ok: true,
      action,
      resource: parsed,
      args: { a: 1 },
      reason: 'due',
    });
    expect(readOwnRequest({ resource, reason: 'due' })).toMatchObject({ ok: true, args: {} });
  });

  test.each([
    ['resource', {}],
    ['resource', { resource: 5 }],
    ['resource', { resource: 'github/create_issue' }],
    ['resource', { resource: 'tool/github/' }],
    ['resource', { resource: 'tool//x' }],
    ['resource', { resource: 'tool/github/*' }],
    ['resource', { resource: 'http/pay/POST /x' }],
    ['arguments', { resource: 'tool/a/b', arguments: [] }],
    ['reason', { resource: 'tool/a/b' }],
    ['reason', { resource: 'tool/a/b', reason: ' ' }],
    ['reason', { resource: 'tool/a/b', reason: 'x'.repeat(1_001) }],
  ])('without a sound `%s` is told what was expected: %j', (what, args) => {
    expect(readOwnRequest(args)).toEqual({
      ok: false,
      text: expect.stringMatching(new RegExp(`^expected \`${what}\``)),
    });
  });
});
