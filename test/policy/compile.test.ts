import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/core/problem.ts';
import { compile } from '../../src/policy/compile.ts';
import { policies, policiesUnder, problemsOf, sha256 } from './fixtures.ts';

const CORPUS = new URL('corpus/', import.meta.url);
const options = { enforcement: 'enforce', sha256 } as const;

const SOUND = `policy: p
mode: enforce
applies: agent == "a"
rules:
  - id: r
    allow: [tool.call, tool.list]
    on: tool/github/*
    when: has(args.x) && args.x == 1
    because: it is so
limits:
  - id: l
    budget: 5 USD
    every: day
    tz: Europe/Berlin
    per: [tenant, agent]
    on: model.generate
  - id: m
    rate: 60/min
  - id: n
    concurrency: 3
`;

describe('bad files', () => {
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.invalid.yaml'));
  const expected = readFileSync(new URL('expected.txt', CORPUS), 'utf8').trimEnd().split('\n\n');

  test('are each told in full, with file, line, column and the nearest right name', () => {
    const told = names.toSorted().map((path) => {
      const compiled = compile([{ path, text: readFileSync(new URL(path, CORPUS), 'utf8') }], options);
      return compiled.ok ? `${path} compiles` : compiled.problems.map(formatProblem).join('\n');
    });
    expect(told).toEqual(expected);
  });

  test('are told together, in the order of their names and places', () => {
    expect(problemsOf('policy: P', 'policy: q\nrules: 3\nlimits: 4')).toEqual([
      'p0.yaml:1:9: expected up to 64 lower-case letters, digits, `.`, `_` and `-`',
      'p1.yaml:2:8: expected a list, found a number',
      'p1.yaml:3:9: expected a list, found a number',
    ]);
  });

  test('make no set, not even of the good ones beside them', () => {
    expect(
      compile(
        [
          { path: 'a.yaml', text: SOUND },
          { path: 'b.yaml', text: '' },
        ],
        options,
      ),
    ).toEqual({
      ok: false,
      problems: [expect.objectContaining({ file: 'b.yaml' })],
    });
  });

  test('two policies of one name are told at the second', () => {
    expect(problemsOf(SOUND, SOUND)).toEqual(['p1.yaml:1:9: the name `p` is taken by another policy']);
  });

  test('a field that is blank, null or of a wrong kind is always refused', () => {
    const lines = SOUND.split('\n');
    for (const [index, line] of lines.entries()) {
      const [, start] = /^( *(?:- )?\w+:) \S/.exec(line) ?? [];
      if (!start) continue;
      for (const value of ['', ' null', ' ""', ' {}', ' []', ' [[]]', ' -1', ' 1.5', ' false', ' .nan', ' !!str x']) {
        const text = lines.with(index, start + value).join('\n');
        expect(problemsOf(text), `${index + 1}: ${start}${value}`).not.toEqual([]);
      }
    }
  });

  test('half written, they are refused or compiled, but never throw', () => {
    for (let length = 0; length < SOUND.length; length++) problemsOf(SOUND.slice(0, length));
  });

  test('of any text at all, compiling never throws', () => {
    const word = fc.constantFrom(
      'policy',
      'rules',
      'id',
      'allow',
      'tool.call',
      ':',
      ': ',
      '\n',
      '\n  ',
      '- ',
      '[',
      ']',
      '{',
      '"',
      '|',
      '&a',
      '*a',
      '!x',
      '#',
      'when',
      'has(args.x)',
      '\t',
      '%',
      '? ',
      '>',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.string(), (words, text) => {
        problemsOf(words.join(''), text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a sound set', () => {
  test('names its rules and limits `policy/id`', () => {
    const [policy] = policies(SOUND).policies;
    expect(policy?.rules.map(({ id }) => id)).toEqual(['p/r']);
    expect(policy?.limits.map(({ quota }) => quota)).toEqual([
      {
        id: 'p/l',
        kind: 'budget',
        unit: 'money',
        amount: 5_000_000,
        window: { kind: 'calendar', every: 'day', timezone: 'Europe/Berlin' },
        per: ['agent', 'tenant'],
        enforced: true,
      },
      {
        id: 'p/m',
        kind: 'rate',
        unit: 'requests',
        amount: 60,
        window: { kind: 'rolling', ms: 60_000 },
        per: ['tenant'],
        enforced: true,
      },
      {
        id: 'p/n',
        kind: 'concurrency',
        unit: 'concurrency',
        amount: 3,
        window: { kind: 'none' },
        per: ['tenant'],
        enforced: true,
      },
    ]);
  });

  test('lets calls wait as long as a limit says, and leaves it to the configuration where it says nothing', () => {
    const limits = '[{ id: l, rate: 9/s, wait: 2min }, { id: m, rate: 9/s, wait: 0s }, { id: n, rate: 9/s }]';
    const [policy] = policies(`policy: p\nlimits: ${limits}`).policies;
    expect(policy?.limits.map(({ quota }) => quota.waitMs)).toEqual([120_000, 0, undefined]);
  });

  test('counts calendar windows in UTC unless told otherwise', () => {
    const [policy] = policies('policy: p\nlimits: [{ id: l, budget: 9 requests, every: month }]').policies;
    expect(policy?.limits[0]?.quota.window).toEqual({ kind: 'calendar', every: 'month', timezone: 'UTC' });
  });

  test('has a limit for what it can count, and for nothing else', () => {
    const set = policies(
      'policy: p\nlimits: [{ id: l, budget: 9 tokens, every: 1h, per: model, on: [tool.call, model/openai/*] }]',
    );
    const resource = { kind: 'model', upstream: 'openai', name: 'x' } as const;
    expect(set.limits.find('model.generate', resource).size).toBe(1);
    expect(set.limits.find('model.list', resource).size).toBe(0);
    expect(set.limits.find('model.generate', { ...resource, upstream: 'other' }).size).toBe(0);
    expect(set.limits.find('tool.call', { ...resource, kind: 'tool' }).size).toBe(0);
  });

  test('enforces no limit in shadow, nor while the gateway observes', () => {
    const text = 'policy: p\nlimits: [{ id: l, rate: 1/s }]';
    const enforced = (set: ReturnType<typeof policies>) => set.policies[0]?.limits[0]?.quota.enforced;
    expect(enforced(policies(text))).toBe(true);
    expect(enforced(policies(`${text}\nmode: shadow`))).toBe(false);
    expect(enforced(policiesUnder('observe', [text]))).toBe(false);
  });

  test('knows whether its rules read the time, or of runs what may change', () => {
    const reads = (when: string) => {
      const { readsTime, readsRun } = policies(
        JSON.stringify({ policy: 'p', rules: [{ id: 'r', deny: 'tool.call', when }] }),
      );
      return { readsTime, readsRun };
    };
    expect(reads('agent == "a" && run.depth > 3')).toEqual({ readsTime: false, readsRun: false });
    expect(reads('now > now')).toEqual({ readsTime: true, readsRun: false });
    expect(reads('"x" in run.labels')).toEqual({ readsTime: false, readsRun: true });
    expect(reads('run.calls["tool/a/*"] > 3')).toEqual({ readsTime: false, readsRun: true });
    expect(reads('run.age > duration("1h")')).toEqual({ readsTime: true, readsRun: true });
    expect(policies()).toMatchObject({ readsTime: false, readsRun: false });
  });

  test('is frozen', () => {
    const set = policies(SOUND);
    expect(Object.isFrozen(set)).toBe(true);
    expect(Object.isFrozen(set.policies)).toBe(true);
    expect(Object.isFrozen(set.policies[0]?.rules[0])).toBe(true);
    expect(Object.isFrozen(set.policies[0]?.limits[0]?.quota)).toBe(true);
  });

  test('of no policy at all is a set that denies', () => {
    expect(policies().policies).toEqual([]);
  });
});

describe('the revision', () => {
  const other = 'policy: q\nrules: [{ id: r, deny: tool.call }]\n';

  test('stands for what the policies say, wherever and in whatever order the files are', () => {
    const files = [SOUND, other].map((text, index) => ({ path: `/etc/${index}.yaml`, text }));
    const elsewhere = compile(files.toReversed(), options);
    expect(elsewhere.ok && elsewhere.value.revision).toBe(policies(SOUND, other).revision);
  });

  test('changes with every change', () => {
    const revisions = [
      policies(SOUND),
      policies(SOUND, other),
      policies(SOUND.replace('5 USD', '6 USD')),
      policies(other),
    ];
    expect(new Set(revisions.map(({ revision }) => revision)).size).toBe(4);
  });
});
