import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { explain, formatExplanation } from '../../src/policy/explain.ts';
import { policies, policiesUnder, principal, request } from './fixtures.ts';

const SET = policies(
  `policy: team
applies: agent in ["researcher", "writer"]
rules:
  - { id: read, allow: tool.call, on: 'tool/github/{get_*,list_*}' }
  - { id: list, allow: tool.list }
  - { id: mail, allow: tool.call, on: [tool/mail/*, tool/smtp/*] }
  - { id: prod, deny: tool.call, on: tool/github/*, when: has(args.owner) && args.owner == "acme", because: so }
  - { id: odd, allow: tool.call, when: has(args.owner) && args.owner > 1 }
limits:
  - { id: pace, rate: 1/s, on: tool.call }
  - { id: models, rate: 1/s, on: model.* }
`,
  'policy: trial\nmode: shadow\nrules: [{ id: all, allow: tool.call }, { id: none, deny: tool.call }]',
  'policy: other\napplies: agent == "x" || tenant == "y"\nrules: [{ id: r, allow: tool.call }]\nlimits: [{ id: l, rate: 1/s }]',
  'policy: broken\napplies: int(subject) > 1\nrules: [{ id: a, allow: tool.call, when: agent == "x" }, { id: d, deny: tool.list }]',
);

const said = (args: Record<string, unknown>) =>
  Object.fromEntries(explain(SET, request({ args })).rules.map(({ id, say, why }) => [id, `${say}: ${why}`]));

describe('an explanation', () => {
  test('tells of every rule what it says and why', () => {
    expect(said({ owner: 'acme' })).toEqual({
      'team/read': 'outranked: it has no condition',
      'team/list': 'silent: the action does not match',
      'team/mail': 'silent: the resource does not match `tool/mail/*`, `tool/smtp/*`',
      'team/prod': 'decides: `has(args.owner)` was true, `args.owner == "acme"` was true',
      'team/odd': 'silent: `args.owner > 1` failed: no such overload: dyn<string> > int',
      'trial/all': 'silent: in shadow mode an allow grants nothing',
      'trial/none': 'shadow: it has no condition',
      'other/r': 'silent: the policy does not apply: `agent == "x"` was false, `tenant == "y"` was false',
      'broken/a': 'silent: the `applies` of its policy failed',
      'broken/d': 'silent: the action does not match',
    });
  });

  test('tells which part of a condition was false', () => {
    expect(said({})).toMatchObject({
      'team/read': 'decides: it has no condition',
      'team/prod': 'silent: `has(args.owner)` was false',
    });
    expect(said({ owner: 'x' })).toMatchObject({ 'team/prod': 'silent: `args.owner == "acme"` was false' });
  });

  test('tells of every limit whether it counts', () => {
    expect(explain(SET, request()).limits).toEqual([
      { id: 'team/pace', counts: true, why: 'it counts this request' },
      { id: 'team/models', counts: false, why: 'the action does not match' },
      { id: 'other/l', counts: false, why: expect.stringContaining('the policy does not apply') },
    ]);
  });

  test('has the very decision', () => {
    for (const args of [{}, { owner: 'acme' }, { owner: 1 }])
      expect(explain(SET, request({ args })).decision).toEqual(decide(SET, request({ args })));
  });

  test('of what only was recorded names the rules that would have refused', () => {
    const set = policiesUnder('observe', [
      'policy: p\nrules: [{ id: a, allow: tool.call }, { id: d, deny: tool.call }]',
    ]);
    expect(explain(set, request()).rules.map(({ say }) => say)).toEqual(['outranked', 'shadow']);
  });
});

describe('a printed explanation', () => {
  test('begins with the decision and has a line for each rule and limit', () => {
    const lines = formatExplanation(explain(SET, request({ args: { owner: 'acme' } }))).split('\n');
    expect(lines[0]).toBe('deny: `tool.call` on `tool/github/get_file`');
    expect(lines[1]).toBe(`by team/prod, revision ${SET.revision}`);
    expect(lines[2]).toMatch(/^`tool\.call` on .* is denied by rule `team\/prod`: so;/);
    expect(lines[3]).toMatch(/^only recorded: deny by trial\/none: /);
    expect(lines).toHaveLength(4 + 10 + 3);
    expect(lines[4]).toBe('  outranked  allow team/read: it has no condition');
    expect(lines[14]).toBe('  counts     limit team/pace: it counts this request');
    expect(lines[15]).toBe('  silent     limit team/models: the action does not match');
  });

  test('of a permit has no reason', () => {
    const set = policies('policy: p\nrules: [{ id: a, allow: tool.call }]');
    expect(formatExplanation(explain(set, request({ principal: principal() })))).toBe(
      [
        'permit: `tool.call` on `tool/github/get_file`',
        `by p/a, revision ${set.revision}`,
        '  decides    allow p/a: it has no condition',
      ].join('\n'),
    );
  });
});

describe('what a decision stands on is printed too', () => {
  const RUNS = policies(`policy: r
rules:
  - { id: a, allow: tool.call, then: { label: [seen, read], journal: true } }
  - { id: j, allow: tool.call, on: tool/github/get_*, then: { label: mine, scope: node, alert: true, journal: true, undo: { tool: github/put_file } } }
  - { id: h, hold: tool.call, on: tool/mail/*, approval: { roles: [lead, chief], approvers: 2, uses: 3, grant: 90min, redact: args.body } }
  - { id: o, hold: tool.call, on: tool/post/* }
  - { id: d, deny: tool.call, when: 'run.steps >= 100 || run.calls["tool/github/*"] < 0' }
limits:
  - { id: m, max: { depth: 3, duration: 5d, idle: 2h, repeats: 5, steps: 9, children: 9, concurrency: 2 }, on: tool.call }
`);
  const lines = (resource: string, count: number) =>
    formatExplanation(explain(RUNS, request({ resource })))
      .split('\n')
      .slice(2, 2 + count);

  test('of a permit: labels, journal, counters', () => {
    expect(lines('tool/github/get_file', 6)).toEqual([
      'labels the run `mine@node`, `read`, `seen`',
      'people are told of it, by r/j',
      'journaled by r/j, taken back by `github/put_file`',
      'stands while 0 <= steps < 100, calls:tool/github/* >= 0',
      'is one more of `tool/github/*`',
      '  decides    allow r/a: it has no condition',
    ]);
  });

  test('of a hold: what it asks for, and what its permit would stand on', () => {
    expect(lines('tool/mail/send', 4)).toEqual([
      '`tool.call` on `tool/mail/send` is held by rule `r/h`; a person has to approve it',
      'asks for approval by 2 people with `chief` or `lead` in 1d, for 3 calls in 90min, the call waits 30s, without showing `args.body`',
      'labels the run `read`, `seen`',
      'journaled by r/a',
    ]);
    expect(lines('tool/post/send', 2)[1]).toBe(
      'asks for approval by one person with `approver` in 1d, for one call in 1h, the call waits 30s',
    );
  });

  test('every part of a `max` has its line', () => {
    expect(explain(RUNS, request()).limits).toEqual([
      { id: 'r/m', counts: true, why: 'it counts this request as long as its runs live' },
      { id: 'r/m', counts: true, why: 'it counts the runs that begin' },
      { id: 'r/m', counts: true, why: 'it counts this request' },
      { id: 'r/m', counts: true, why: 'it binds the run: depth at most 3, duration at most 5d, idle at most 2h' },
      { id: 'r/m', counts: true, why: 'it binds the run: repeats at most 5' },
    ]);
    const model = explain(RUNS, request({ action: 'model.generate', resource: 'model/a/b' })).limits;
    expect(model.map(({ counts }) => counts)).toEqual([false, true, false, true, false]);
  });
});
