import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { clientOf, environmentOf } from '../../src/cli/run-environment.ts';

const GRANTED = { url: 'https://gw.example', key: 'wgr_key', run: 'run_1' };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waygate-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
});

const where = (env: Readonly<Record<string, string>> = {}) => ({ home, project: home, env });

describe('the client that a program is', () => {
  test.each([
    ['claude', 'claude-code'],
    ['/usr/local/bin/codex', 'codex'],
    ['gemini.cmd', 'gemini-cli'],
    ['opencode', 'opencode'],
    ['node', undefined],
  ])('%s is told by its name', (program, client) => {
    expect(clientOf(program, undefined)).toBe(client);
  });

  test('is what is said, whatever its name', () => {
    expect(clientOf('my-claude', 'claude-code')).toBe('claude-code');
  });
});

describe('the environment of a program', () => {
  test('of Claude Code holds the run’s key alone, where it looks for one', async () => {
    const around = where({ PATH: '/bin', ANTHROPIC_API_KEY: 'sk-mine', CLAUDE_CODE_OAUTH_TOKEN: 'mine' });
    const { env } = await environmentOf('claude-code', { model: 'm1' }, { granted: GRANTED, where: around });
    expect(env).toMatchObject({
      PATH: '/bin',
      ANTHROPIC_BASE_URL: 'https://gw.example',
      ANTHROPIC_AUTH_TOKEN: 'wgr_key',
      ANTHROPIC_MODEL: 'm1',
      WAYGATE_RUN: 'run_1',
      WAYGATE_TOKEN: 'wgr_key',
    });
    expect(Object.values(env)).not.toContain('sk-mine');
    expect(Object.values(env)).not.toContain('mine');
  });

  test('of Gemini CLI is what would stand in its file of variables', async () => {
    const { env } = await environmentOf(
      'gemini-cli',
      {},
      { granted: GRANTED, where: where({ GOOGLE_API_KEY: 'mine' }) },
    );
    expect(env).toMatchObject({ GOOGLE_GEMINI_BASE_URL: 'https://gw.example/gemini', GEMINI_API_KEY: 'wgr_key' });
    expect(env).not.toHaveProperty('GOOGLE_API_KEY');
  });

  test('of Codex names a folder of its own: the user’s, with the provider in its settings; what Codex makes there comes home', async () => {
    mkdirSync(join(home, '.codex'));
    writeFileSync(join(home, '.codex', 'config.toml'), 'approval_policy = "never"\n');
    writeFileSync(join(home, '.codex', 'AGENTS.md'), 'be brief');
    const program = await environmentOf('codex', {}, { granted: GRANTED, where: where() });
    const folder = program.env['CODEX_HOME'] ?? '';
    const settings = readFileSync(join(folder, 'config.toml'), 'utf8');
    expect(settings).toContain('approval_policy = "never"');
    expect(settings).toContain('base_url = "https://gw.example/v1"');
    expect(settings).not.toContain('wgr_key');
    expect(lstatSync(join(folder, 'AGENTS.md')).isSymbolicLink()).toBe(true);
    mkdirSync(join(folder, 'sessions'));
    writeFileSync(join(folder, 'sessions', 'one.jsonl'), '{}');
    await program.close();
    expect(existsSync(folder)).toBe(false);
    expect(readFileSync(join(home, '.codex', 'sessions', 'one.jsonl'), 'utf8')).toBe('{}');
    expect(readFileSync(join(home, '.codex', 'AGENTS.md'), 'utf8')).toBe('be brief');
    expect(readFileSync(join(home, '.codex', 'config.toml'), 'utf8')).toBe('approval_policy = "never"\n');
  });

  test('of OpenCode leaves all other programs’ settings in their place', async () => {
    mkdirSync(join(home, '.config', 'git'), { recursive: true });
    writeFileSync(join(home, '.config', 'git', 'config'), '[user]');
    const program = await environmentOf('opencode', { model: 'm1' }, { granted: GRANTED, where: where() });
    const folder = program.env['XDG_CONFIG_HOME'] ?? '';
    expect(readFileSync(join(folder, 'git', 'config'), 'utf8')).toBe('[user]');
    expect(readFileSync(join(folder, 'opencode', 'opencode.json'), 'utf8')).toContain('https://gw.example/v1');
    await program.close();
    expect(existsSync(join(home, '.config', 'opencode', 'opencode.json'))).toBe(false);
  });

  test('of a client that needs a model is none without one', async () => {
    await expect(environmentOf('opencode', {}, { granted: GRANTED, where: where() })).rejects.toThrow('`--model NAME`');
  });
});
