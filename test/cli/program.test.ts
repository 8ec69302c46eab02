import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folder, run, runProcess } from './run.ts';

describe('a command called wrongly ends in 2', () => {
  test.each([
    [['tset'], 'unknown command `tset`, did you mean `test`?\n`waygate --help` says how it is called'],
    [
      ['check', '--polices', 'x'],
      'unknown option `--polices`, did you mean `--policies`?\n`waygate check --help` says how it is called',
    ],
    [['keys', 'crate'], 'unknown command `crate`, did you mean `create`?\n`waygate keys --help` says how it is called'],
    [['keys', 'rotate'], 'missing required argument `id`\n`waygate keys --help` says how it is called'],
    [['token', '--agent'], 'option `--agent <name>` argument missing\n`waygate token --help` says how it is called'],
    [
      ['check', 'policies'],
      'too many arguments for `check`: expected 0 arguments but got 1: policies\n`waygate check --help` says how it is called',
    ],
    [['token'], 'a token of which agent? expected `--agent NAME`\n`waygate token --help` says how it is called'],
  ])('%j', async (argv, err) => {
    expect(await run(...argv)).toEqual({ code: 2, out: '', err });
  });

  test('without any word it shows its commands, where errors go', async () => {
    const { code, out, err } = await run();
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: waygate [options] [command]');
  });
});

describe('help', () => {
  test('goes to standard output, with an example of every command', async () => {
    for (const name of ['serve', 'check', 'test', 'explain', 'connect', 'token', 'keys', 'audit']) {
      const { code, out, err } = await run(name, '--help');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(new RegExp(`\nExample:\n  .*waygate ${name} [^\n]+$`));
    }
  });

  test('`waygate help COMMAND` says the same', async () => {
    expect(await run('help', 'token')).toEqual(await run('token', '--help'));
  });

  test('no example puts a secret on the command line', async () => {
    expect((await run('audit', '--help')).out).toContain('--redis env:REDIS_URL');
    for (const name of ['serve', 'token', 'keys']) {
      expect((await run(name, '--help')).out).not.toMatch(/wgk_|eyJ|:\/\/[^/\s]*@/);
    }
  });
});

describe('a command', () => {
  test('is loaded when it is called, not before', () => {
    const statically = ['program.ts', 'commands.ts'].flatMap((file) => {
      const text = readFileSync(new URL(`../../src/cli/${file}`, import.meta.url), 'utf8');
      return [...text.matchAll(/^import (?!type)[^']*'([^']+)';$/gm)].map((match) => match[1]);
    });
    expect(new Set(statically)).toEqual(
      new Set([
        'commander',
        '../connect/names.ts',
        '../core/operator.ts',
        './commands.ts',
        './arguments.ts',
        './output.ts',
        './version.ts',
      ]),
    );
  });
});

describe('the process', () => {
  test('prints the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(runProcess(['--version'], { cwd: folder() })).toEqual({ code: 0, out: version, err: '' });
  });

  test('exits with 2 where it was called wrongly, in plain text whatever the terminal can', () => {
    const { code, err } = runProcess(['tokn'], { cwd: folder(), env: { FORCE_COLOR: '3', COLORTERM: 'truecolor' } });
    expect(code).toBe(2);
    expect(err).toBe('unknown command `tokn`, did you mean `token`?\n`waygate --help` says how it is called');
  });
});
