import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedArguments, boundAhead, boundCall } from '../../src/runs/approval-binding.ts';
import { readTree } from '../../src/runs/canonical-json.ts';
import { access, call, principal, run, terms, toolCall } from './approvals.ts';

const of = (args: string, parts: Parameters<typeof access>[0] = {}): string => {
  return boundCall(toolCall(args, parts), terms()).binding;
};
const ARGS = '{"to":"bob","amount":9007199254740993}';

describe('a binding', () => {
  test('is the same for the same call, however it is written', () => {
    expect(of(' { "amount" : 9007199254740993 , "to" : "\\u0062ob" } ')).toBe(of(ARGS));
  });

  test.each([
    ['arguments', '{"to":"eve","amount":9007199254740993}', {}],
    ['a big integer by one', '{"to":"bob","amount":9007199254740992}', {}],
    ['a number and its text', '{"to":"bob","amount":"9007199254740993"}', {}],
    ['subject', ARGS, { principal: principal({ subject: 'ben' }) }],
    ['agent', ARGS, { principal: principal({ agent: 'other' }) }],
    ['tenant', ARGS, { principal: principal({ tenant: 'other' }) }],
    ['run', ARGS, { run: run('run_2') }],
    ['action', ARGS, { action: 'prompt.get' as const }],
    ['resource', ARGS, { resource: { kind: 'tool', upstream: 'mail', name: 'delete' } as const }],
  ])('differs with the %s', (_, args, parts) => {
    expect(of(args, parts)).not.toBe(of(ARGS));
  });

  test.each([
    ['rule', { rules: ['research/no-egress', 'research/other'] }],
    ['role', { roles: ['security'] }],
    ['number of people', { approvers: 2 }],
    ['number of uses', { uses: 2 }],
    ['time', { grantMs: 1 }],
  ])('differs with the %s that the policy asks for', (_, parts) => {
    expect(boundCall(toolCall(ARGS), terms(parts)).binding).not.toBe(of(ARGS));
  });

  test('is the same whatever the policy says of waiting and redaction', () => {
    expect(boundCall(toolCall(ARGS), terms({ waitMs: 0, redact: ['to'], expiresMs: 5 })).binding).toBe(of(ARGS));
  });

  test('of a call without arguments is that of one with none', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}');
    expect(boundCall(call({ body }), terms()).binding).toBe(of('{}'));
  });

  test('asked for ahead of time is that of the call', () => {
    expect(boundAhead(access(), readTree(ARGS), terms())).toMatchObject({ binding: of(ARGS) });
  });

  test('asked for by the tool of its own is that of the call, with every digit', () => {
    const asked = toolCall(`{"resource":"tool/mail/send","arguments":${ARGS},"reason":"r"}`);
    expect(boundAhead(access(), askedArguments(asked.body), terms()).binding).toBe(of(ARGS));
    expect(boundAhead(access(), askedArguments(toolCall('{"arguments":5}').body), terms()).binding).toBe(of('{}'));
  });

  test('of a generation is for run and model, not for what is said', () => {
    const generation = (text: string, name = 'gpt-5', id = 'run_1') =>
      boundCall(
        call({
          dialect: 'openai-chat',
          body: Buffer.from(text),
          access: access({
            action: 'model.generate',
            resource: { kind: 'model', upstream: 'openai', name },
            args: { temperature: 1 },
            run: run(id),
          }),
        }),
        terms(),
      );
    expect(generation('{"a":1}').binding).toBe(generation('{"b":2}').binding);
    expect(generation('{"a":1}')).toMatchObject({ digest: '-' });
    expect(generation('{"a":1}').binding).not.toBe(generation('{"a":1}', 'gpt-6').binding);
    expect(generation('{"a":1}').binding).not.toBe(generation('{"a":1}', 'gpt-5', 'run_9').binding);
    expect(boundAhead(access({ action: 'model.generate' }), readTree('{}'), terms()).digest).toBe('-');
  });

  test('of plain HTTP is for method, path, query, media type and body', () => {
    const http = (parts: { method?: string; target?: string; body?: string; media?: string }) => {
      const {
        method = 'POST',
        target = '/pay?x=1',
        body = '{"id":9007199254740993,"b":1}',
        media = 'application/json',
      } = parts;
      const isJson = media.endsWith('json');
      const args = {
        path: {},
        query: { x: '1' },
        media,
        opaque: !isJson,
        ...(isJson && { body: JSON.parse(body) as unknown }),
      };
      const resource = { kind: 'http', upstream: 'pay', name: 'POST /pay' } as const;
      return boundCall(
        call({
          dialect: 'http',
          method,
          target,
          body: Buffer.from(body),
          access: access({ action: 'http.request', resource, args }),
        }),
        terms(),
      );
    };
    expect(http({ body: '{ "b":1.0, "id":9007199254740993 }' }).binding).toBe(http({}).binding);
    for (const other of [
      { method: 'PUT' },
      { target: '/pay?x=2' },
      { body: '{"id":9007199254740992,"b":1}' },
      { media: 'text/plain' },
      { media: 'application/merge-patch+json' },
    ]) {
      expect(http(other).binding).not.toBe(http({}).binding);
    }
    expect(http({ media: 'text/plain', body: 'a' }).binding).not.toBe(http({ media: 'text/plain', body: 'b' }).binding);
    expect(http({}).tree).toEqual(
      new Map<string, unknown>([
        ['path', new Map()],
        ['query', new Map([['x', '"1"']])],
        ['media', '"application/json"'],
        ['opaque', 'false'],
        [
          'body',
          new Map([
            ['id', '9007199254740993'],
            ['b', '1'],
          ]),
        ],
      ]),
    );
  });

  test('of a body that can be read in two ways is none', () => {
    const twice = Buffer.from('{"params":{"arguments":{"a":1,"a":2}}}');
    expect(() => boundCall(call({ body: twice }), terms())).toThrow(
      expect.objectContaining({ code: 'request.invalid' }),
    );
  });

  test('is never shared by calls with other arguments', () => {
    const object = fc.dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' }),
    );
    fc.assert(
      fc.property(object, object, (one, other) => {
        const isSame =
          boundAhead(access(), readTree(JSON.stringify(one)), terms()).digest ===
          boundCall(toolCall(JSON.stringify(other)), terms()).digest;
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        expect(isSame).toBe(equal(plain(one), plain(other)));
      }),
    );
  });
});

function equal(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}
