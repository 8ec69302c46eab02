import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/core/problem.ts';
import { compile } from '../../src/policy/compile.ts';
import { runTests } from '../../src/policy/testing.ts';
import { policies, sha256 } from './fixtures.ts';

const SET = policies(
  `policy: p
rules:
  - { id: read, allow: tool.call, on: tool/github/get_* }
  - { id: late, deny: tool.call, on: tool/github/*, when: now.getHours() > 20 }
  - { id: deep, deny: tool.call, when: run.depth > 2 && run.id != "x" }
  - { id: never, allow: tool.list }
limits:
  - { id: pace, rate: 1/s }
`,
  'policy: s\nmode: shadow\nrules: [{ id: d, deny: tool.call, when: tenant == "trial" }, { id: a, allow: tool.call }]',
);

const run = (text: string) => runTests(SET, [{ path: 'p.test.yaml', text }]);

function failures(text: string): string[] {
  const report = run(text);
  if (!report.ok) throw new Error(report.problems.map(formatProblem).join('\n'));
  return report.value.results.flatMap(({ failures: failed }) => failed.map(formatProblem));
}

function problems(text: string): string[] {
  const report = run(text);
  return report.ok ? [] : report.problems.map(formatProblem);
}

const one = (request: string, expected: string) => `- name: it is so\n  request: ${request}\n  expect: ${expected}\n`;
const REQUEST = '{ principal: a, action: tool.call, resource: tool/github/get_file }';

describe('a policy test', () => {
  test.each([
    ['by the name of an agent', REQUEST, '{ effect: permit, rules: [p/read] }'],
    ['with its limits', REQUEST, '{ effect: permit, rules: [p/read], limits: [p/pace] }'],
    [
      'of nobody in particular',
      REQUEST.replace('principal: a', 'principal: {}'),
      '{ effect: permit, rules: [p/read] }',
    ],
    [
      'with a whole principal, in shadow',
      REQUEST.replace(
        'principal: a',
        'principal: { agent: a, tenant: trial, subject: ana, issuer: i, scopes: [x], actors: [{ subject: b }, { subject: c, issuer: d }] }',
      ),
      '{ effect: permit, rules: [p/read], shadow: { effect: deny, rules: [s/d] } }',
    ],
    [
      'at a time',
      `{ context: { time: '2026-01-01T21:00:00Z', route: r, stream: true }, ${REQUEST.slice(2)}`,
      '{ effect: deny, rules: [p/late] }',
    ],
    [
      'at another time',
      `{ context: { time: '2026-01-01T21:00:00+02:00' }, ${REQUEST.slice(2)}`,
      '{ effect: permit, rules: [p/read] }',
    ],
    ['deep in a run', `{ run: { id: r, depth: 3 }, ${REQUEST.slice(2)}`, '{ effect: deny, rules: [p/deep] }'],
    ['in a run', `{ run: {}, args: { a: 1 }, ${REQUEST.slice(2)}`, '{ effect: permit, rules: [p/read] }'],
    ['that no rule allows', REQUEST.replace('get_file', 'push'), '{ effect: deny, rules: [default-deny], limits: [] }'],
  ])('passes where the decision is as expected: %s', (_, request, expected) => {
    expect(failures(one(request, expected))).toEqual([]);
  });

  test.each([
    ['{ effect: deny, rules: [p/read] }', ['expected `deny`, got `permit`']],
    ['{ effect: permit, rules: [p/read, p/late] }', ['expected the rules p/late, p/read, got p/read']],
    ['{ effect: permit, rules: [p/read], limits: [] }', ['expected the limits none, got p/pace']],
    [
      '{ effect: permit, rules: [p/read], shadow: { effect: deny, rules: [s/d] } }',
      ['expected `deny` in shadow, got nothing'],
    ],
    [
      '{ effect: hold, rules: [default-deny] }',
      ['expected `hold`, got `permit`', 'expected the rules default-deny, got p/read'],
    ],
  ])('fails where it is not: %s', (expected, told) => {
    expect(failures(one(REQUEST, expected))).toEqual(told.map((message) => `p.test.yaml:3:11: ${message}`));
  });

  test('fails with the reason of a refusal, and with what shadow said', () => {
    const denied = one(REQUEST.replace('get_file', 'push'), '{ effect: permit, rules: [p/read] }');
    const unlimited = REQUEST.replace('get_file', 'push');
    expect(failures(one(unlimited, '{ effect: deny, rules: [default-deny], limits: [p/pace] }'))).toEqual([
      'p.test.yaml:3:11: expected the limits p/pace, got none',
    ]);
    expect(failures(denied)[0]).toMatch(/expected `permit`, got `deny` \(no rule allows .*\)$/);
    const trial = REQUEST.replace('principal: a', 'principal: { tenant: trial }');
    expect(
      failures(one(trial, '{ effect: permit, rules: [p/read], shadow: { effect: hold, rules: [p/late] } }')),
    ).toEqual([
      'p.test.yaml:3:11: expected `hold` in shadow, got `deny`',
      'p.test.yaml:3:11: expected the rules in shadow p/late, got s/d',
    ]);
  });

  test('is told by file and name, passed or not', () => {
    const report = run(one(REQUEST, '{ effect: permit, rules: [p/read] }'));
    expect(report.ok && report.value.results).toEqual([{ file: 'p.test.yaml', name: 'it is so', failures: [] }]);
  });
});

describe('a test of a run', () => {
  const RUNS = policies(`policy: r
rules:
  - { id: a, allow: tool.call, then: { label: seen } }
  - { id: j, allow: tool.call, on: tool/a/write, then: { journal: true, label: mine, scope: node } }
  - { id: h, hold: tool.call, on: tool/a/held, approval: { roles: [lead, chief], approvers: 2, expires: 2h, grant: 5min, uses: 3, wait: 1min, redact: args.body } }
  - { id: label, deny: tool.call, when: '"bad" in run.labels' }
  - { id: steps, deny: tool.call, when: run.steps >= 100 }
  - { id: errors, deny: tool.call, when: run.errors > 5 }
  - { id: spent, deny: tool.call, when: run.spent >= 2.5 }
  - { id: calls, deny: tool.call, when: 'run.calls["tool/mail/*"] > 0' }
  - { id: age, deny: tool.call, when: run.age > duration("1h") }
  - { id: source, deny: tool.call, when: run.source == "token" }
  - { id: parent, deny: tool.call, when: run.parent == "run_p" && run.depth == 1 && run.root == "run_p" }
  - { id: deep, deny: tool.call, when: run.parent == "run_q" && run.depth == 3 && run.root != "run_q" }
limits:
  - { id: m, max: { depth: 9, steps: 1000, children: 9 } }
`);
  const WRITE = '{ principal: a, action: tool.call, resource: tool/a/write }';
  const HELD = WRITE.replace('write', 'held');
  const told = (text: string): string[] => {
    const report = runTests(RUNS, [{ path: 'r.test.yaml', text }]);
    if (!report.ok) return report.problems.map(formatProblem);
    return report.value.results.flatMap(({ failures: failed }) => failed.map(formatProblem));
  };

  test.each([
    ['labels: [bad]', 'label'],
    ['steps: 100', 'steps'],
    ['errors: 6', 'errors'],
    ['spent: 2.50 USD', 'spent'],
    ["calls: { 'tool/mail/*': 1 }", 'calls'],
    ['age: 2h', 'age'],
    ['source: token', 'source'],
    ['parent: run_p', 'parent'],
    ['parent: run_q, depth: 3', 'deep'],
  ])('says what is known of it: %s', (run_, rule) => {
    const asked = `{ run: { ${run_} }, ${WRITE.slice(2)}`;
    expect(told(one(asked, `{ effect: deny, rules: [r/${rule}] }`))).toEqual([]);
  });

  test.each([
    'labels: [good], steps: 99, errors: 5, spent: 2 USD, age: 1h, depth: 2, id: run_x, source: hint',
    "calls: { 'tool/mail/*': 0 }",
    '',
  ])('and is permitted otherwise: %s', (run_) => {
    const asked = `{ run: { ${run_} }, ${WRITE.slice(2)}`;
    const expected = '{ effect: permit, rules: [r/a, r/j], limits: [r/m], labels: [seen, mine@node], journal: true }';
    expect(told(one(asked, expected))).toEqual([]);
  });

  test('expects of a hold what its approval takes, and what then is done', () => {
    const approval =
      'roles: [chief, lead], approvers: 2, expires: 120min, grant: 5min, uses: 3, wait: 60s, redact: args.body';
    const expected = `{ effect: hold, rules: [r/h], labels: [seen], journal: false, approval: { ${approval} } }`;
    expect(told(one(HELD, expected))).toEqual([]);
    expect(told(one(HELD, '{ effect: hold, rules: [r/h], approval: {} }'))).toEqual([]);
  });

  test('fails with every difference', () => {
    const approval = 'roles: lead, approvers: 1, expires: 1h, grant: 1h, uses: 1, wait: 1h, redact: [args.x]';
    const expected = `{ effect: hold, rules: [r/h], labels: [], journal: true, approval: { ${approval} } }`;
    expect(told(one(HELD, expected))).toEqual(
      [
        'expected the labels none, got seen',
        'expected the call to be journaled, it is not',
        'expected the roles lead, got chief, lead',
        'expected the redacted arguments args.x, got args.body',
        'expected `approvers` of 1, got 2',
        'expected `uses` of 1, got 3',
        'expected `expires` of 3600000 ms, got 7200000 ms',
        'expected `grant` of 3600000 ms, got 300000 ms',
        '`wait`: expected a wait like `20s` or `2min`, from `0s` to `5min`',
      ].map((message) => `r.test.yaml:3:11: ${message}`),
    );
    expect(told(one(WRITE, '{ effect: permit, rules: [r/a, r/j], journal: false, approval: {} }'))).toEqual([
      'r.test.yaml:3:11: expected the call not to be journaled, it is',
      'r.test.yaml:3:11: expected an approval, got no hold',
    ]);
    expect(
      told(one(`{ run: { steps: 100 }, ${WRITE.slice(2)}`, '{ effect: deny, rules: [r/steps], labels: [seen] }')),
    ).toEqual(['r.test.yaml:3:11: expected the labels seen, got none']);
  });

  test('is refused where it says what nobody could mean', () => {
    const run_ = "spent: 5, age: 1y, calls: { 'tool/mial/*': 1 }";
    expect(told(one(`{ run: { ${run_} }, ${WRITE.slice(2)}`, '{ effect: permit, rules: [r/a] }'))).toEqual([
      'r.test.yaml:2:28: expected a text, found a number',
    ]);
    expect(
      told(one(`{ run: { ${run_.replace('5', '5 EUR')} }, ${WRITE.slice(2)}`, '{ effect: permit, rules: [r/a] }')),
    ).toEqual([
      'r.test.yaml:2:28: expected an amount like `2.50 USD`',
      'r.test.yaml:2:40: expected a time like `90s`, `15min`, `24h` or `5d`, from 1 s to 366 days',
      expect.stringMatching(/2:53: unknown counted pattern `tool\/mial\/\*`, did you mean `tool\/mail\/\*`\?/),
    ]);
  });

  test('of what a client runs itself knows what decides where no rule does', () => {
    const asked = '{ principal: a, action: tool.local, resource: tool/local/Bash }';
    expect(told(one(asked, '{ effect: permit, rules: [default-permit] }'))).toEqual([]);
  });
});

describe('a test that is wrong in itself is refused', () => {
  test.each([
    [REQUEST.replace('tool.call', 'tool.cal'), '2:36: unknown action `tool.cal`, did you mean `tool.call`?'],
    [REQUEST.replace('tool/github/get_file', 'tool/github'), '2:57: expected `kind/upstream/name`, the kind one of'],
    [REQUEST.replace('tool/github', 'model/github'), '2:57: `tool.call` is done to `tool/…`'],
    [REQUEST.replace('principal: a', 'principal: { agnet: a }'), '2:27: unknown field `agnet`, did you mean `agent`?'],
    [REQUEST.replace('principal: a', 'principal: 3'), '2:25: expected the name of an agent or a map'],
    [`{ context: { time: today }, ${REQUEST.slice(2)}`, '2:31: expected a time like 2026-01-31T12:00:00Z'],
  ])('%s', (request, message) => {
    expect(problems(one(request, '{ effect: permit, rules: [p/read] }'))).toEqual([
      expect.stringContaining(`p.test.yaml:${message}`),
    ]);
  });

  test('so is an expectation that nothing could meet', () => {
    const expected = '{ effect: permit, rules: [p/reed], limits: [p/pase], shadow: { effect: deny, rules: [s/e] } }';
    expect(problems(one(REQUEST, expected))).toEqual([
      'p.test.yaml:3:37: unknown rule `p/reed`, did you mean `p/read`?',
      'p.test.yaml:3:55: unknown limit `p/pase`, did you mean `p/pace`?',
      'p.test.yaml:3:96: unknown rule `s/e`, did you mean `s/d`?',
    ]);
  });

  test('a file without tests is refused', () => {
    expect(problems('[]')).toEqual(['p.test.yaml:1:1: expected at least one test']);
    expect(problems('')).toEqual(['p.test.yaml:1:1: expected a list, found nothing']);
  });
});

test('rules that no test reaches are told, but not what can never decide', () => {
  const read = one(REQUEST, '{ effect: permit, rules: [p/read] }');
  const report = run(read);
  expect(report.ok && report.value.unreached).toEqual(['p/late', 'p/deep', 'p/never', 's/d']);
  const trial = one(
    REQUEST.replace('principal: a', 'principal: { tenant: trial }'),
    '{ effect: permit, rules: [p/read] }',
  );
  const both = run(read + trial);
  expect(both.ok && both.value.unreached).toEqual(['p/late', 'p/deep', 'p/never']);
});

describe('the policies that come with the gateway', () => {
  const FOLDER = new URL('../../policies/', import.meta.url);
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((path) => ({ path, text: readFileSync(new URL(path, FOLDER), 'utf8') }));
  const isTest = ({ path }: { path: string }) => path.endsWith('.test.yaml');

  test('compile together, pass their tests, and have no rule that no test reaches', () => {
    const set = compile(
      files.filter((file) => !isTest(file)),
      { enforcement: 'enforce', sha256 },
    );
    if (!set.ok) throw new Error(set.problems.map(formatProblem).join('\n'));
    expect(set.value.policies.map(({ name }) => name)).toEqual([
      'demo',
      'first-use',
      'research',
      'rollback',
      'steady',
      'trifecta',
    ]);
    const report = runTests(set.value, files.filter(isTest));
    if (!report.ok) throw new Error(report.problems.map(formatProblem).join('\n'));
    const { results, unreached } = report.value;
    expect(
      results.flatMap(({ name, failures: failed }) => failed.map((problem) => `${name}: ${formatProblem(problem)}`)),
    ).toEqual([]);
    expect(results.length).toBeGreaterThan(60);
    expect(unreached).toEqual([]);
  });

  test('have their tests beside them', () => {
    const names = files.map(({ path }) => path);
    expect(names.filter((name) => name.endsWith('.test.yaml'))).toEqual(
      names.filter((name) => !name.endsWith('.test.yaml')).map((name) => name.replace('.yaml', '.test.yaml')),
    );
  });
});
