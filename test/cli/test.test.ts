import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONFIG, RESEARCH, RESEARCH_TESTS, SOUND } from './policies.ts';
import { folder, run, runProcess } from './run.ts';

const WRONG = RESEARCH_TESTS.replace(
  'effect: permit, rules: [research/read]',
  'effect: deny, rules: [research/no-prod]',
);

describe('waygate test', () => {
  test('passes where every rule decides what it must', () => {
    expect(runProcess(['test'], { cwd: folder(SOUND) })).toEqual({ code: 0, out: '2 passed, 0 failed', err: '' });
  });

  test('takes the policies of the configuration, and holds them even where it only observes', () => {
    const observing = CONFIG.replace('dir: policies', 'dir: law, enforcement: observe');
    const cwd = folder({ 'waygate.yaml': observing, 'law/r.yaml': RESEARCH, 'law/r.test.yaml': RESEARCH_TESTS });
    expect(runProcess(['test'], { cwd })).toEqual({ code: 0, out: '2 passed, 0 failed', err: '' });
  });

  test('shows what was expected and what was decided, in its place', async () => {
    const dir = folder({ 'research.yaml': RESEARCH, 'research.test.yaml': WRONG });
    const { code, out } = await run('test', dir);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'failed: a researcher reads',
      `  ${dir}/research.test.yaml:3:11: expected \`deny\`, got \`permit\``,
      `  ${dir}/research.test.yaml:3:11: expected the rules research/no-prod, got research/read`,
      '1 passed, 1 failed',
    ]);
  });

  test('runs a single file against all policies of its folder', async () => {
    const dir = folder({ ...SOUND, 'policies/other.test.yaml': WRONG });
    expect(await run('test', join(dir, 'policies/research.test.yaml'))).toMatchObject({
      code: 0,
      out: '2 passed, 0 failed',
    });
    expect((await run('test', join(dir, 'policies'))).out).toMatch(/3 passed, 1 failed$/);
  });

  test('runs a file below the usual folder against the whole set', () => {
    const cwd = folder({ 'policies/research.yaml': RESEARCH, 'policies/team/a.test.yaml': RESEARCH_TESTS });
    expect(runProcess(['test', 'policies/team/a.test.yaml'], { cwd })).toMatchObject({
      code: 0,
      out: '2 passed, 0 failed',
    });
  });

  test('problems of policies and tests are named instead of run', async () => {
    const dir = folder({ 'a.yaml': 'policy: a\nrules: 7\n', 'a.test.yaml': RESEARCH_TESTS });
    expect(await run('test', dir)).toEqual({
      code: 1,
      out: '',
      err: `${dir}/a.yaml:2:8: expected a list, found a number`,
    });
    const unknown = folder({
      'r.yaml': RESEARCH,
      'r.test.yaml': RESEARCH_TESTS.replace('[research/read]', '[research/raed]'),
    });
    expect(await run('test', unknown)).toEqual({
      code: 1,
      out: '',
      err: `${unknown}/r.test.yaml:3:37: unknown rule \`research/raed\`, did you mean \`research/read\`?`,
    });
  });

  test('no test is no pass', async () => {
    const dir = folder({ 'research.yaml': RESEARCH });
    expect(await run('test', dir)).toEqual({
      code: 1,
      out: '0 passed, 0 failed',
      err: 'no tests: they stand beside the policies in `*.test.yaml` files',
    });
  });

  test.each([
    ['research.yaml', 2, /^`.*research\.yaml` is no test: expected a folder of policies or a `\*\.test\.yaml` file\n/],
    ['none', 2, /^`.*none` is no test: /],
    ['none.test.yaml', 1, /^`.*none\.test\.yaml` cannot be read \(ENOENT\)$/],
  ])('`%s` cannot be run', async (name, code, message) => {
    const ended = await run('test', join(folder({ 'research.yaml': RESEARCH }), name));
    expect(ended).toEqual({ code, out: '', err: expect.stringMatching(message) });
  });
});
