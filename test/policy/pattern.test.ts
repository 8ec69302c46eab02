import { describe, expect, test } from 'vitest';
import { parseResource, type Resource } from '../../src/core/access.ts';
import { everything, matchesPattern, parsePattern, type Pattern } from '../../src/policy/pattern.ts';

function pattern(source: string): Pattern {
  const parsed = parsePattern(source);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

const resource = (text: string): Resource => parseResource(text) as Resource;

describe('a pattern', () => {
  test.each([
    ['tool/github/get_file', 'tool/github/get_file', true],
    ['tool/github/{get_*,list_*}', 'tool/github/list_issues', true],
    ['tool/github/{get_*,list_*}', 'tool/github/create_issue', false],
    ['tool/{github,gitlab}/*', 'tool/gitlab/x', true],
    ['tool/git*/x', 'tool/github/x', true],
    ['tool/github/*', 'tool/github/', true],
    ['tool/github/get_*', 'tool/github/', false],
    ['tool/github/', 'tool/github/', true],
    ['tool/github/*', 'prompt/github/x', false],
    ['tool/*/x', 'tool/github/X', false],
    ['resource/files/file:///srv/*', 'resource/files/file:///srv/a/b.txt', true],
    ['model/*/*', 'model/openai/org/model', true],
    ['http/tickets/POST /issues/*', 'http/tickets/POST /issues/7', true],
    ['http/tickets/POST /issues/*', 'http/tickets/POST /issues/7/comments', false],
    ['http/tickets/*', 'http/tickets/POST /issues/7/comments', true],
    ['http/tickets/GET /issues/{id}', 'http/tickets/GET /issues/{id}', true],
    ['http/tickets/GET /issues/{id}', 'http/tickets/GET /issues/id', false],
    ['http/tickets/GET /issues/*', 'http/tickets/GET /issues/{id}', true],
    ['http/tickets/{GET,PUT} /issues/{id}', 'http/tickets/PUT /issues/{id}', true],
    ['http/tickets/GET /files/{path+}', 'http/tickets/GET /files/{path+}', true],
    ['http/tickets/* /issues/{id}', 'http/tickets/DELETE /issues/{id}', true],
    ['tool/github/{get}', 'tool/github/get', true],
  ])('`%s` on `%s`: %s', (source, name, matches) => {
    expect(matchesPattern(pattern(source), resource(name))).toBe(matches);
  });

  test.each([
    ['tool', 'expected `kind/upstream/name`, e.g. `tool/*/*`'],
    ['tool/github', 'expected `kind/upstream/name`, e.g. `tool/*/*`'],
    ['tools/github/x', 'unknown kind of resource `tools`, did you mean `tool`?'],
    ['*/github/x', 'unknown kind of resource `*`, expected one of'],
    ['/github/x', 'unknown kind of resource ``'],
    ['tool//x', 'the upstream is empty'],
    ['tool/{a,b/x', '`{` and `}` do not match'],
    ['tool/github/{a', '`{` and `}` do not match'],
    ['http/tickets/GET /a**', '`**` is a whole segment'],
  ])('`%s` is refused: %s', (source, fault) => {
    expect(parsePattern(source)).toEqual({ fault: expect.stringContaining(fault) });
  });

  test('that is everything matches every resource of its kind', () => {
    for (const name of ['tool/a/', 'tool/a/b/c', 'http/a/GET /b/c/d'])
      expect(matchesPattern(everything(resource(name).kind), resource(name))).toBe(true);
    expect(matchesPattern(everything('tool'), resource('model/a/b'))).toBe(false);
  });
});
