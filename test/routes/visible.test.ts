import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/core/access.ts';
import { modelSelector } from '../../src/routes/models.ts';
import { visibleList } from '../../src/routes/visible.ts';
import { chatCall, toolCall } from '../telemetry/calls.ts';

const to = (upstream: string, model: string) => ({ upstream, model, weight: 1 });

const models = new Map([
  [
    'openai',
    modelSelector({
      upstreams: new Map([
        ['openai', ['gpt-*']],
        ['moonshot', ['kimi-*']],
      ]),
      aliases: new Map([
        ['fast', [to('openai', 'gpt-5-mini')]],
        ['secret', [to('openai', 'gpt-internal')]],
        ['unlisted', [to('openai', 'gpt-unlisted'), to('moonshot', 'kimi-internal')]],
        ['far', [to('openai', 'gpt-internal'), to('moonshot', 'kimi-k2')]],
      ]),
    }),
  ],
]);

/** Callers may use everything that is not internal. */
const asked: AccessRequest[] = [];
const narrow = visibleList({
  models,
  mayUse: (access) => {
    asked.push(access);
    return access.action !== 'model.embed' && !access.resource.name.includes('internal');
  },
});

const entry = (id: string) => ({ id, object: 'model', created: 7, owned_by: 'openai' });
const OPENAI = { object: 'list', data: ['gpt-5', 'gpt-5-mini', 'gpt-internal', 'kimi-k2', 'whisper'].map(entry) };
const list = (change = {}) =>
  chatCall({ dialect: 'openai-models', method: 'GET', target: '/models', model: '', body: Buffer.alloc(0), ...change });

const seen = (body: unknown, call = list(), upstream = 'openai', contentType = 'application/json') =>
  JSON.parse(
    narrow(call, upstream, { body: Buffer.from(JSON.stringify(body)), contentType }).toString(),
  ) as typeof OPENAI;
const ids = ({ data }: { readonly data: readonly { readonly id: string }[] }): string[] => data.map(({ id }) => id);

describe('a list of models', () => {
  test('shows what the upstream serves on this route and the caller may use, and its aliases first', () => {
    expect(ids(seen(OPENAI))).toEqual(['fast', 'unlisted', 'gpt-5', 'gpt-5-mini']);
    expect(ids(seen(OPENAI, list(), 'moonshot'))).toEqual(['far', 'kimi-k2']);
  });

  test('an alias looks like the model that it stands for, as far as that is known', () => {
    const { data } = seen(OPENAI);
    expect(data[0]).toEqual({ ...entry('gpt-5-mini'), id: 'fast' });
    expect(data[1]).toMatchObject({ id: 'unlisted', object: 'model', created: expect.any(Number) as number });
  });

  test('what may be used is asked as a use of that model by this caller, with its arguments still open', () => {
    asked.length = 0;
    const call = list();
    seen({ object: 'list', data: [entry('gpt-5')] }, call);
    expect(asked[0]).toEqual({
      ...call.access,
      action: 'model.generate',
      resource: { kind: 'model', upstream: 'openai', name: 'gpt-5' },
      args: {},
    });
  });

  test('of Anthropic shows aliases on its first page alone, in Anthropic’s form', () => {
    const anthropic = new Map([
      [
        'claude',
        modelSelector({
          upstreams: new Map([['claude', ['*']]]),
          aliases: new Map([['best', [to('claude', 'claude-x')]]]),
        }),
      ],
    ]);
    const show = visibleList({ models: anthropic, mayUse: () => true });
    const page = {
      data: [{ type: 'model', id: 'claude-y' }],
      has_more: true,
      first_id: 'claude-y',
      last_id: 'claude-y',
    };
    const of = (target: string): typeof page => {
      const route = { name: 'claude', protocol: 'anthropic', upstreams: ['claude'], bodyBytesMax: 1 } as const;
      const call = list({ dialect: 'anthropic', target, route });
      const body = Buffer.from(JSON.stringify(page));
      return JSON.parse(show(call, 'claude', { body, contentType: 'application/json' }).toString()) as typeof page;
    };
    expect(ids(of('/v1/models?limit=1000'))).toEqual(['best', 'claude-y']);
    expect(of('/v1/models').data[0]).toMatchObject({
      type: 'model',
      id: 'best',
      created_at: expect.any(String) as string,
    });
    expect(of('/v1/models?after_id=claude-y')).toEqual(page);
    expect(of('/v1/models?limit=1&before_id=claude-y')).toEqual(page);
  });

  test('without aliases keeps the bytes of what stays', () => {
    const plain = new Map([['openai', modelSelector({ upstreams: new Map([['openai', ['*']]]), aliases: new Map() })]]);
    const body = Buffer.from('{ "object":"list",\n "data":[ {"id":"a", "n":1.0} ] }');
    const show = visibleList({ models: plain, mayUse: () => true });
    expect(show(list(), 'openai', { body, contentType: 'application/json' }).toString()).toBe(body.toString());
  });

  test('that is no list stays as it is', () => {
    const answer = { error: { message: 'later' } };
    expect(seen(answer)).toEqual(answer);
  });

  test('that is no JSON is not shown', () => {
    const body = Buffer.from('<html>');
    expect(() => narrow(list(), 'openai', { body, contentType: 'application/json' })).toThrow(
      expect.objectContaining({ code: 'upstream.broken' }),
    );
  });
});

describe('one model', () => {
  const one = (name: string) => {
    const call = list({ model: name, target: `/models/${name}` });
    return {
      ...call,
      access: { ...call.access, resource: { kind: 'model', upstream: 'openai', name } },
    } as typeof call;
  };

  test('is shown to a caller who may use it', () => {
    const body = Buffer.from(JSON.stringify(entry('gpt-5')));
    expect(narrow(one('gpt-5'), 'openai', { body, contentType: 'application/json' })).toBe(body);
  });

  test('is not there for one who may not', () => {
    const body = Buffer.from(JSON.stringify(entry('gpt-internal')));
    expect(() => narrow(one('gpt-internal'), 'openai', { body, contentType: 'application/json' })).toThrow(
      expect.objectContaining({ code: 'route.model', status: 404 }),
    );
  });
});

test('a list of tools shows those that the caller may call, and no aliases', () => {
  const tools = ['create_issue', 'internal_reset'].map((name) => ({ name, inputSchema: {} }));
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } }));
  const call = toolCall();
  asked.length = 0;
  const shown = narrow(call, 'github', { body, contentType: 'application/json' });
  expect(JSON.parse(shown.toString())).toMatchObject({ result: { tools: [{ name: 'create_issue' }] } });
  expect(shown.toString()).not.toContain('internal_reset');
  expect(asked.map(({ action, resource }) => [action, resource.kind, resource.upstream, resource.name])).toEqual([
    ['tool.call', 'tool', 'github', 'create_issue'],
    ['tool.call', 'tool', 'github', 'internal_reset'],
  ]);
});
