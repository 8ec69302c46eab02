import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONFIG, SOUND } from './policies.ts';
import { folder, run, runProcess } from './run.ts';

const POLICIES = (): string => join(folder(SOUND), 'policies');
const READ = ['--action', 'tool.call', '--resource', 'tool/github/get_file'];

describe('waygate explain', () => {
  test('says what every rule thought, who decided and which limits count', async () => {
    const prod = ['--agent', 'researcher', ...READ, '--args', '{"owner":"prod"}'];
    const { code, out, err } = await run('explain', '--policies', POLICIES(), ...prod);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^deny: `tool\.call` on `tool\/github\/get_file`\nby research\/no-prod, revision [0-9a-f]{64}\n/,
    );
    expect(out).toMatch(/^ {2}outranked {2}allow research\/read: it has no condition$/m);
    expect(out).toMatch(/^ {2}decides {4}deny research\/no-prod: .*args\.owner/m);
    expect(out).toMatch(/^ {2}counts {5}limit research\/pace: /m);
  });

  test('takes who calls from its flags', async () => {
    const whom = ['--agent', 'researcher', '--subject', 'ana', '--tenant', 'acme', '--stream'];
    const { out } = await run('explain', '--policies', POLICIES(), ...READ, ...whom, '--json');
    expect(JSON.parse(out)).toMatchObject({
      request: { principal: { id: 'acme/ana/researcher' }, context: { stream: true } },
      decision: { effect: 'permit', rules: ['research/read'], quotas: [{ id: 'research/pace' }] },
      rules: [
        { id: 'research/read', effect: 'allow', say: 'decides' },
        { id: 'research/no-prod', effect: 'deny', say: 'silent' },
      ],
      limits: [{ id: 'research/pace', counts: true }],
    });
  });

  test('takes a whole request in the words of a test: as text, from a file, from standard input', async () => {
    const policies = POLICIES();
    const text = '{"principal":"researcher","action":"tool.call","resource":"tool/github/get_file"}';
    const file = join(policies, '../request.json');
    writeFileSync(file, text);
    const said = await run('explain', '--policies', policies, '--request', text);
    expect(said.out).toMatch(/^permit: /);
    expect(await run('explain', '--policies', policies, '--request', `@${file}`)).toEqual(said);
    const cwd = join(policies, '..');
    expect(runProcess(['explain', '--policies', policies, '--request', '-'], { cwd, input: text })).toEqual(said);
  });

  test('says what a hold asks for, and shows the run in JSON', async () => {
    const dir = folder({
      'p.yaml':
        'policy: p\nrules:\n  - { id: a, allow: tool.call, then: { label: seen } }\n  - { id: h, hold: tool.call, when: run.steps >= 5 }\n',
    });
    const request =
      '{"principal":"a","action":"tool.call","resource":"tool/github/x","run":{"steps":7,"labels":["old"],"depth":1}}';
    const { out } = await run('explain', '--policies', dir, '--request', request);
    expect(out).toMatch(
      /^hold: .*\nby p\/h, .*\n.*a person has to approve it\nasks for approval by one person .*\nlabels the run `seen`\n/,
    );
    expect(out).toMatch(/^stands while steps >= 5$/m);
    expect(out).toMatch(/^ {2}decides {4}hold p\/h: `run\.steps >= 5` was true$/m);
    const json = await run('explain', '--policies', dir, '--request', request, '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      request: { run: { depth: 1, tree: { labels: ['old'], counts: { steps: 7 } } } },
      decision: { effect: 'hold', facts: { 'run.steps': 7 }, held: { terms: { roles: ['approver'] } } },
    });
  });

  test('decides as the gateway of the configuration would', () => {
    const cwd = folder({
      ...SOUND,
      'waygate.yaml': CONFIG.replace('dir: policies', 'dir: policies, enforcement: observe'),
    });
    const { out } = runProcess(['explain', ...READ], { cwd });
    expect(out).toMatch(/^permit: .*\nby observe, .*\nonly recorded: deny by default-deny: /);
  });

  test('whole numbers of arguments are whole numbers to a condition', async () => {
    const dir = folder({
      'p.yaml':
        'policy: p\nrules:\n  - { id: a, allow: tool.call, when: "has(args.n) && type(args.n) == int && args.n > 2" }\n',
    });
    const { out } = await run('explain', '--policies', dir, ...READ, '--args', '{"n":3}');
    expect(out).toMatch(/^permit: /);
  });
});

test('a plain HTTP request is explained by its operation, with the arguments that every one has', async () => {
  const dir = folder({
    'p.yaml':
      'policy: p\nrules:\n  - { id: read, allow: http.request, on: "http/tickets/GET /issues/{id}", when: "!args.opaque && has(args.path.id) && args.path.id != \\"42\\"" }\nlimits:\n  - { id: purse, budget: 1 USD, every: day, on: http.request }\n',
  });
  const ask = (args: string) =>
    run(
      'explain',
      '--policies',
      dir,
      '--action',
      'http.request',
      '--resource',
      'http/tickets/GET /issues/{id}',
      '--args',
      args,
    );
  const said = await ask('{"path":{"id":"7"}}');
  expect(said.out).toMatch(/^permit: `http\.request` on `http\/tickets\/GET \/issues\/\{id\}`\nby p\/read/);
  expect(said.out).toMatch(/counts {5}limit p\/purse/);
  expect((await ask('{"path":{"id":"42"}}')).out).toMatch(/^deny: /);
  expect((await ask('{}')).out).toMatch(/^deny: /);
});

describe('a request that is none', () => {
  test.each([
    [
      ['--action', 'tool.cal', '--resource', 'github'],
      [
        '--action: unknown action `tool.cal`, did you mean `tool.call`?',
        '--resource: expected `kind/upstream/name`, the kind one of model, tool, resource, prompt, agent, http, object',
      ],
    ],
    [['--action', 'tool.call'], ['which request? expected `--action` and `--resource`, or `--request`']],
    [['--request', '{}', '--agent', 'a'], ['expected either `--request` or `--agent`']],
  ])('%j is called wrongly', async (argv, messages) => {
    const { code, out, err } = await run('explain', '--policies', POLICIES(), ...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n').slice(0, -1)).toEqual(messages);
  });

  test.each([
    [
      ['--request', '{"principal":"a","actin":1,"resource":"tool/a/b"}'],
      [
        'request:1:1: `action` is missing: expected a text',
        'request:1:18: unknown field `actin`, did you mean `action`?',
      ],
    ],
    [
      ['--request', '{"principal":"a","action":"tool.call","resource":"model/a/b"}'],
      ['request:1:50: `tool.call` is done to `tool/…`'],
    ],
    [[...READ, '--args', '[1]'], ['request:1:1: expected a map, found a list']],
    [[...READ, '--args', '@/none/args.json'], ['`/none/args.json` cannot be read (ENOENT)']],
  ])('%j is wrong input', async (argv, messages) => {
    const { code, out, err } = await run('explain', '--policies', POLICIES(), ...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.split('\n')).toEqual(messages);
  });

  test('policies that are wrong are named', async () => {
    const dir = folder({ 'a.yaml': 'policy: a\n' });
    const { code, err } = await run('explain', '--policies', dir, ...READ);
    expect({ code, err }).toEqual({ code: 1, err: `${dir}/a.yaml:1:1: expected \`rules\`, \`limits\` or both` });
    const none = await run('explain', '--policies', join(dir, 'none'), ...READ);
    expect(none.err).toBe(`the policies in \`${dir}/none\` cannot be read (ENOENT)`);
  });
});
