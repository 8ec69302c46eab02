import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONFIG, RESEARCH, RESEARCH_TESTS, SOUND } from './policies.ts';
import { folder, run, runProcess } from './run.ts';

const WITH_SECRETS = { 'waygate.yaml': CONFIG, 'secrets/github': 'ghp_1\n', ...SOUND };

describe('waygate check', () => {
  test('passes what a gateway would load', () => {
    const cwd = folder(WITH_SECRETS);
    expect(runProcess(['check', '--secrets'], { cwd, env: { WAYGATE_TEST_KEY: 'sk-1' } })).toEqual({
      code: 0,
      out: '`waygate.yaml` and `policies`: no problems, no warnings',
      err: '',
    });
  });

  test('without a configuration takes the policies that are here', () => {
    expect(runProcess(['check'], { cwd: folder(SOUND) })).toEqual({
      code: 0,
      out: '`policies`: no problems, no warnings',
      err: '',
    });
  });

  test('policies that are named are checked alone, whatever configuration lies here', () => {
    const cwd = folder({ ...SOUND, 'waygate.yaml': 'version: 7' });
    expect(runProcess(['check', '--policies', 'policies'], { cwd })).toMatchObject({ code: 0 });
  });

  test('with nothing to check it was called wrongly', () => {
    const { code, out, err } = runProcess(['check'], { cwd: folder() });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')[0]).toBe(
      'which policies? expected `--policies DIR`, `--config FILE`, or a `waygate.yaml` or `policies` here',
    );
  });

  test('names every problem of configuration and policies at once, each in its place', async () => {
    const dir = folder({
      'waygate.yaml': `${CONFIG}polices: {}\n`,
      'policies/a.yaml':
        'policy: a\nrules:\n  - id: x\n    allow: tool.cal\n  - id: y\n    deny: tool.call\n    when: args.x ==\n',
    });
    const { code, out } = await run(
      'check',
      '--config',
      join(dir, 'waygate.yaml'),
      '--policies',
      join(dir, 'policies'),
    );
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      `${dir}/policies/a.yaml:4:12: unknown action \`tool.cal\`, did you mean \`tool.call\`?`,
      expect.stringMatching(/\/policies\/a\.yaml:7:\d+: /),
      `${dir}/waygate.yaml:7:1: unknown field \`polices\`, did you mean \`policies\`?`,
      `\`${dir}/waygate.yaml\` and \`${dir}/policies\`: 3 problems, no warnings`,
    ]);
  });
});

describe('secrets that are not at hand', () => {
  const path = (): string => join(folder({ 'waygate.yaml': CONFIG, ...SOUND }), 'waygate.yaml');

  test('are warnings, since continuous integration has none', async () => {
    const config = path();
    const { code, out } = await run('check', '--config', config);
    expect(code).toBe(0);
    expect(out).toContain(`${config}:4:77: warning: the environment variable \`WAYGATE_TEST_KEY\` is not set\n`);
    expect(out).toMatch(/waygate\.yaml:5:72: warning: the file `secrets\/github` cannot be read \(ENOENT\)\n/);
    expect(out).toMatch(/: no problems, 2 warnings$/);
  });

  test('are problems where they are asked for', async () => {
    const config = path();
    const { code, out } = await run('check', '--secrets', '--config', config);
    expect(code).toBe(1);
    expect(out).toContain(`${config}:4:77: the environment variable \`WAYGATE_TEST_KEY\` is not set\n`);
    expect(out).toMatch(/: 2 problems, no warnings$/);
  });

  test('do not hide what else is wrong, and no secret that is there is shown', async () => {
    const config = path();
    mkdirSync(join(config, '../secrets'));
    writeFileSync(join(config, '../secrets/github'), 'geheim geheim');
    writeFileSync(config, `${CONFIG}aliases: { fast: openay/gpt-5 }\n`);
    const { code, out } = await run('check', '--config', config);
    expect(code).toBe(1);
    expect(out).toContain(`${config}:7:18: unknown upstream \`openay\`, did you mean \`openai\`?`);
    expect(out).toContain('warning: the file');
    expect(out).not.toContain('geheim');
  });
});

describe('what is hardly meant', () => {
  test('a rule that no test sees decide is told with its place', async () => {
    const dir = folder({
      'research.yaml': RESEARCH,
      'research.test.yaml': RESEARCH_TESTS.split('- name: production')[0] ?? '',
    });
    const { code, out } = await run('check', '--policies', dir);
    expect({ code, out }).toEqual({
      code: 0,
      out: `${dir}/research.yaml:7:9: warning: no test sees the rule \`research/no-prod\` decide\n\`${dir}\`: no problems, 1 warning`,
    });
  });

  test('a pattern of an upstream that the configuration does not know is told, with the nearest', async () => {
    const dir = folder({
      ...WITH_SECRETS,
      'policies/typo.yaml':
        'policy: typo\nrules:\n  - { id: a, deny: tool.call, on: tool/githb/* }\n  - { id: b, deny: tool.call, on: "tool/git*/*" }\n',
    });
    const { out } = await run('check', '--config', join(dir, 'waygate.yaml'));
    expect(out).toContain(
      'typo.yaml:3:35: warning: `tool/githb/*` matches no upstream of the configuration, did you mean `github`?\n',
    );
    expect(out).not.toContain('`tool/git*/*`');
    const alone = await run('check', '--policies', join(dir, 'policies'));
    expect(alone.out).not.toContain('matches no upstream');
  });

  test('so is the tool that takes a call back; the tools of clients are no upstream', async () => {
    const dir = folder({
      ...WITH_SECRETS,
      'policies/undo.yaml':
        'policy: undo\nrules:\n  - id: a\n    allow: tool.call\n    on: tool/github/create_*\n    then: { journal: true, undo: { tool: githb/close_issue } }\n  - { id: b, deny: tool.local, on: tool/local/Bash }\n',
    });
    const { out } = await run('check', '--config', join(dir, 'waygate.yaml'));
    expect(out).toContain(
      'undo.yaml:6:42: warning: `tool/githb/close_issue` matches no upstream of the configuration, did you mean `github`?\n',
    );
    expect(out).not.toContain('tool/local');
  });

  test('a label that no rule sets is told at the condition that waits for it', async () => {
    const dir = folder({
      'p.yaml':
        'policy: p\nrules:\n  - { id: a, allow: tool.call, then: { label: saw-untrusted } }\n  - id: b\n    hold: tool.call\n    when: agent == "x" && ("saw-untrustd" in run.labels || "q" in run.labels)\n',
    });
    const { code, out } = await run('check', '--policies', dir);
    expect(code).toBe(0);
    expect(out).toContain(
      'p.yaml:6:28: warning: no rule sets the label `saw-untrustd`, did you mean `saw-untrusted`?\n',
    );
    expect(out).toContain('p.yaml:6:60: warning: no rule sets the label `q`\n');
  });

  test('a budget per run without a ceiling is a problem', async () => {
    const dir = folder({ 'p.yaml': 'policy: p\nlimits:\n  - { id: a, budget: 5 USD, per: run.root }\n' });
    const { code, out } = await run('check', '--policies', dir);
    expect(code).toBe(1);
    expect(out).toContain('p.yaml:3:34: a budget per run needs a ceiling per principal beside it');
  });

  test('a folder without policies denies everything', async () => {
    const dir = folder();
    const { code, out } = await run('check', '--policies', dir);
    expect({ code, out }).toEqual({
      code: 0,
      out: `${dir}:1:1: warning: no policies are here, so every call is denied\n\`${dir}\`: no problems, 1 warning`,
    });
  });

  test('a test that cannot be read is a problem', async () => {
    const dir = folder({ 'research.yaml': RESEARCH, 'research.test.yaml': '- name: x\n  request: {}\n' });
    const { code, out } = await run('check', '--policies', dir);
    expect(code).toBe(1);
    expect(out).toContain('research.test.yaml:1:3: `expect` is missing: expected a map');
  });
});
