import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/core/call.ts';
import { mergeLists, withAliases } from '../../src/routes/model-list.ts';
import { chatCall } from '../telemetry/calls.ts';

const list = (dialect: Dialect = 'openai-models', target = '/models') =>
  chatCall({ dialect, method: 'GET', target, model: '', body: Buffer.alloc(0) });

describe('several lists', () => {
  const mergeAs = (dialect: Dialect, ...lists: readonly unknown[]): unknown =>
    JSON.parse(
      mergeLists(
        list(dialect),
        lists.map((one) => Buffer.from(JSON.stringify(one))),
      ).toString(),
    );

  const merge = (...lists: readonly unknown[]): unknown => mergeAs('openai-models', ...lists);

  test('are one, in order; of two equal names the first stays', () => {
    expect(
      merge(
        { object: 'list', data: [{ id: 'a', n: 1 }, { id: 'b' }] },
        { object: 'list', data: [{ id: 'a', n: 2 }, { id: 'c' }] },
      ),
    ).toEqual({
      object: 'list',
      data: [{ id: 'a', n: 1 }, { id: 'b' }, { id: 'c' }],
    });
  });

  test('of Anthropic are one page with ends of its own', () => {
    const page = (id: string) => ({ data: [{ id }], has_more: true, first_id: id, last_id: id });
    expect(merge(page('a'), page('b'))).toEqual({
      data: [{ id: 'a' }, { id: 'b' }],
      has_more: false,
      first_id: 'a',
      last_id: 'b',
    });
    expect(merge({ ...page('a'), data: [] }, { ...page('b'), data: [] })).toMatchObject({
      first_id: null,
      last_id: null,
    });
  });

  test('that have no entries add none', () => {
    expect(merge({ object: 'list', data: [{ id: 'a' }] }, { object: 'list' })).toEqual({
      object: 'list',
      data: [{ id: 'a' }],
    });
  });

  test('of Google are one page, after which there is none', () => {
    const page = (name: string) => ({ models: [{ name: 'models/both' }, { name }], nextPageToken: 'more' });
    expect(mergeAs('gemini', page('models/a'), page('models/b'))).toEqual({
      models: [{ name: 'models/both' }, { name: 'models/a' }, { name: 'models/b' }],
    });
  });
});

describe('aliases in a list of Google', () => {
  const models = [{ name: 'models/gemini-x', displayName: 'X' }];
  const shown = (target: string, body: unknown = { models, nextPageToken: 'more' }): unknown => {
    const aliases = [
      ['fast', 'gemini-x'],
      ['new', 'gemini-unlisted'],
    ] as const;
    return JSON.parse(withAliases(list('gemini', target), Buffer.from(JSON.stringify(body)), aliases).toString());
  };

  test('stand before the models, and look like the ones that they stand for', () => {
    expect(shown('/v1beta/models?pageSize=5')).toEqual({
      models: [
        { name: 'models/fast', displayName: 'X' },
        { name: 'models/new', supportedGenerationMethods: [] },
        { name: 'models/gemini-x', displayName: 'X' },
      ],
      nextPageToken: 'more',
    });
  });

  test('stand on the first page alone', () => {
    expect(shown('/v1beta/models?pageToken=more')).toMatchObject({ models });
    expect(shown('/v1beta/models?pageToken=')).toMatchObject({ models: { length: 3 } });
  });

  test('are not put into what is no list', () => {
    expect(shown('/v1beta/models', { error: {} })).toEqual({ error: {} });
  });
});
