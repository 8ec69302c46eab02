import { describe, expect, test } from 'vitest';
import { type AccessRequest, type Action, parseResource, type Resource } from '../../src/core/access.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { ArgumentConstraint, Right } from '../../src/core/rights.ts';
import { covers, mayCover, outsideRights } from '../../src/core/rights-cover.ts';

const at = (name: string): Resource => parseResource(name) as Resource;
const call = (action: Action, name: string, args: Record<string, unknown> = {}) => ({
  action,
  resource: at(name),
  args,
});
const read: Right = { actions: ['tool.call'], resources: ['tool/github/get_*', 'tool/web/fetch'], args: {} };
const bound = (constraint: ArgumentConstraint, path = 'owner'): Right => ({ ...read, args: { [path]: [constraint] } });
const get = 'tool/github/get_issue';

describe('a call is covered', () => {
  test.each<[string, readonly Right[], ReturnType<typeof call>, boolean]>([
    ['by its action and resource', [read], call('tool.call', get), true],
    ['by the second of two rights', [{ ...read, actions: ['http.request'] }, read], call('tool.call', get), true],
    ['by an exact resource', [read], call('tool.call', 'tool/web/fetch'), true],
    ['not by the beginning of an exact one', [read], call('tool.call', 'tool/web/fetch_all'), false],
    ['not by another case', [read], call('tool.call', 'tool/github/GET_issue'), false],
    ['not for another action', [read], call('resource.read', get), false],
    ['not by no rights', [], call('tool.call', get), false],
  ])('%s', (_, rights, asked, expected) => {
    expect(covers(rights, asked)).toBe(expected);
  });

  test.each<[ArgumentConstraint, unknown, boolean]>([
    [{ one_of: ['acme', 3] }, 'acme', true],
    [{ one_of: ['acme', 3] }, 3, true],
    [{ one_of: ['acme', 3] }, '3', false],
    [{ one_of: [9_007_199_254_740_992] }, 9_007_199_254_740_992, false],
    [{ prefix: 'ac' }, 'acme', true],
    [{ prefix: 'ac' }, 'umbrella', false],
    [{ prefix: '' }, ['acme'], false],
    [{ max: 3 }, 3, true],
    [{ max: 3 }, 3.1, false],
    [{ max: 3 }, '3', false],
    [{ min: 3 }, 3, true],
    [{ min: 3 }, 2, false],
    [{ min: 3 }, null, false],
    [{ range: [1] } as unknown as ArgumentConstraint, 1, false],
    [{ max: 3, min: 1 }, 2, false],
    [{ prefix: '' }, undefined, false],
  ])('where %j meets %j: %s', (constraint, value, expected) => {
    expect(covers([bound(constraint)], call('tool.call', get, { owner: value }))).toBe(expected);
  });

  test('only where a constrained argument is there, at its own path', () => {
    const deep = [bound({ one_of: ['web'] }, 'repo.name')];
    expect(covers(deep, call('tool.call', get, { repo: { name: 'web' } }))).toBe(true);
    expect(covers(deep, call('tool.call', get, { 'repo.name': 'web' }))).toBe(false);
    expect(covers(deep, call('tool.call', get, { repo: 'web' }))).toBe(false);
    expect(covers([bound({ prefix: '' }, 'toString.name')], call('tool.call', get))).toBe(false);
  });
});

describe('a list', () => {
  const generate: Right = { actions: ['model.generate'], resources: ['model/anthropic/claude-*'], args: {} };
  test.each<[Action, string, boolean]>([
    ['tool.list', 'tool/github/', true],
    ['tool.list', 'tool/web/', true],
    ['tool.list', 'tool/mail/', false],
    ['model.list', 'model/anthropic/', true],
    ['model.list', 'model/openai/', false],
    ['model.count', 'model/anthropic/claude-x', true],
    ['model.count', 'model/anthropic/other', false],
    ['resource.read', 'resource/github/', false],
  ])('%s of %s may be read: %s', (action, name, expected) => {
    expect(mayCover([read, generate], call(action, name))).toBe(expected);
  });

  test('may be read by an open right, and not by one for no action', () => {
    expect(mayCover([{ ...read, resources: ['*'] }], call('tool.list', 'tool/mail/'))).toBe(true);
    expect(mayCover([{ ...read, resources: ['*'], actions: [] }], call('tool.list', 'tool/mail/'))).toBe(false);
    expect(mayCover([{ ...read, resources: ['*'] }], call('model.count', 'model/openai/x'))).toBe(false);
  });

  test('shows what some arguments would be covered for', () => {
    expect(mayCover([bound({ one_of: ['acme'] })], call('tool.call', get))).toBe(true);
  });
});

describe('a caller', () => {
  const asked = (rights: readonly Right[] | undefined, change: Partial<AccessRequest> = {}): AccessRequest =>
    ({
      ...call('tool.call', get),
      principal: { delegation: { rights } } as unknown as Principal,
      ...change,
    }) as AccessRequest;

  test('is told what its token carries no right to', () => {
    expect(outsideRights(asked([]))).toBe(
      'the token of this run carries no right to `tool.call` on `tool/github/get_issue`; ask whoever started the run for a token that does',
    );
  });

  test('is told where the arguments alone are outside', () => {
    expect(outsideRights(asked([bound({ prefix: 'x' })]))).toContain('with these arguments');
  });

  test('is within where its token covers the call, implies it, or carries no rights', () => {
    expect(outsideRights(asked([read]))).toBeUndefined();
    expect(outsideRights(asked([read], call('tool.list', 'tool/github/')))).toBeUndefined();
    expect(outsideRights(asked([read], call('tool.local', 'tool/local/Bash')))).toBeUndefined();
    expect(outsideRights(asked(undefined))).toBeUndefined();
    expect(outsideRights({ ...asked([]), principal: {} as Principal })).toBeUndefined();
  });
});
