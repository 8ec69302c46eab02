import { describe, expect, test } from 'vitest';
import { listening, operatorToken, RANKED } from '../admin/listening.ts';
import { record } from '../runs/records.ts';
import { run } from './run.ts';

async function gateway() {
  const opened = await listening();
  for (const tenant of ['default', 'acme']) opened.store.put(tenant, record('run_root'));
  const at = ['--admin-url', opened.url, '--token', operatorToken([RANKED.operator], { tenants: '*' })];
  return { ...opened, runs: (...argv: readonly string[]) => run('runs', ...argv, ...at) };
}

describe('one run', () => {
  test('is killed, and what was acknowledged and how long it took is said', async () => {
    const { runs, actions } = await gateway();
    const { code, out } = await runs('kill', 'run_root', '--reason', 'it loops');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^run_root and all below it: killed by olga: it loops \(person, .*, on run_root\); acknowledged by the store after \d+ ms, \d+ ms with the way there$/,
    );
    expect(actions).toMatchObject([{ action: 'kill', target: { tenant: 'default', run: 'run_root' } }]);
    expect((await runs('kill', 'run_root')).out).toContain('(person, 2026-01-31T12:00:00.000Z, on run_root) already;');
  });

  test('is paused, drained and resumed, also in a tenant that is named', async () => {
    const { runs, store } = await gateway();
    for (const verb of ['pause', 'drain', 'resume']) {
      expect((await runs(verb, 'run_root', '--tenant', 'acme')).code).toBe(0);
    }
    expect(store.written).toEqual(['acme run_root paused', 'acme run_root draining', 'acme run_root live']);
  });

  test('that was killed is not resumed: that ends in 1', async () => {
    const { runs } = await gateway();
    await runs('kill', 'run_root');
    expect(await runs('resume', 'run_root')).toEqual({
      code: 1,
      out: '',
      err: 'the run `run_root` was killed by `olga` and stays so; begin the work again as a new run',
    });
  });

  test('as JSON has both times', async () => {
    const { runs } = await gateway();
    const told: unknown = JSON.parse((await runs('pause', 'run_root', '--json')).out);
    expect(told).toMatchObject({
      run: 'run_root',
      state: 'paused',
      changed: true,
      tookMs: expect.any(Number),
      roundTripMs: expect.any(Number),
    });
  });
});

describe('more than one run', () => {
  test.each([
    [
      ['--all'],
      ['%all * killed', 'acme * killed', 'default * killed'],
      'everything in 2 tenants and those to come: killed',
    ],
    [['--all', '--tenant', 'acme'], ['acme * killed'], 'everything in the tenant `acme`: killed'],
    [['--agent', 'ci'], ['default agent:ci killed'], 'the agent `ci` in the tenant `default`: killed'],
    [['--agent', 'ci', '--tenant', 'acme'], ['acme agent:ci killed'], 'the agent `ci` in the tenant `acme`: killed'],
    [
      ['--agent', 'ci', '--all'],
      ['acme agent:ci killed', 'default agent:ci killed'],
      'the agent `ci` in 2 tenants: killed',
    ],
  ])('kill %j', async (argv, written, told) => {
    const { runs, store } = await gateway();
    const { code, out } = await runs('kill', ...argv);
    expect(code).toBe(0);
    expect(store.written.toSorted()).toEqual(written);
    expect(out).toContain(`${told}; acknowledged`);
    expect((await runs('resume', ...argv)).code).toBe(0);
    expect(store.written.slice(written.length).toSorted()).toEqual(written.map((one) => one.replace('killed', 'live')));
  });

  test('is not what a run alone may stand beside, nor nothing', async () => {
    const { runs, store } = await gateway();
    expect(await runs('kill', 'run_root', '--all')).toMatchObject({
      code: 2,
      err: expect.stringContaining('take out'),
    });
    expect((await runs('kill', 'run_root', '--agent', 'ci')).code).toBe(2);
    expect(await runs('kill')).toMatchObject({
      code: 2,
      err: expect.stringContaining('kill what? expected a run, `--agent NAME`, or `--all`'),
    });
    expect(store.written).toEqual([]);
  });
});
