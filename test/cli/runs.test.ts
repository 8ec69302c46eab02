import { describe, expect, test } from 'vitest';
import { memoryTimelines } from '../../src/runs/timeline-memory.ts';
import { HandClock } from '../identity/issuer.ts';
import { listening, operatorToken, RANKED } from '../admin/listening.ts';
import { record, stop } from '../runs/records.ts';
import { run } from './run.ts';

const root = record('run_root', undefined, { name: 'task', steps: 2, money: 20_000, calls: { 'tool.call': 2 } });
const child = record('run_child', root, { name: 'helper', steps: 3 });

async function gateway() {
  const { url, store } = await listening();
  for (const one of [root, child]) store.put('default', one, ['web']);
  const at = ['--admin-url', url, '--token', operatorToken([RANKED.viewer], { tenants: '*' })];
  return { store, runs: (...argv: readonly string[]) => run('runs', ...argv, ...at) };
}

describe('waygate runs list', () => {
  test('shows the trees of a tenant and what stops it', async () => {
    const { store, runs } = await gateway();
    await store.stop({ tenant: 'default', scope: '*' }, stop('paused', { because: 'lunch' }));
    const { code, out, err } = await runs('list');
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(2);
    expect(out).toMatch(/run_root {2}paused {2}worker {2}ana .* task .* 2 +5 +0 +0\.02 USD +0$/);
    expect(err).toContain('in the tenant `default`: paused by olga: lunch');
  });

  test('of a tenant without any says so', async () => {
    const { runs } = await gateway();
    expect(await runs('list', '--tenant', 'acme', '--state', 'killed')).toMatchObject({
      code: 0,
      out: '',
      err: 'there are no killed runs in the tenant `acme`',
    });
  });

  test('says how it goes on, and goes on', async () => {
    const { store, runs } = await gateway();
    store.put('default', record('run_other', undefined, { lastMs: root.lastMs - 1 }));
    const first = await runs('list', '--limit', '1');
    expect(first.out).toContain('run_root');
    expect(first.err).toBe('there are more; go on with `--from 1`');
    expect((await runs('list', '--limit', '1', '--from', '1')).out).toContain('run_other');
  });

  test('as JSON is what the gateway said', async () => {
    const { runs } = await gateway();
    const { out } = await runs('list', '--json');
    expect(JSON.parse(out)).toMatchObject({ tenant: 'default', runs: [{ id: 'run_root' }], next: null });
  });
});

describe('waygate runs tree', () => {
  test('draws it, with its totals', async () => {
    const { runs } = await gateway();
    const { code, out } = await runs('tree', 'run_root');
    expect(code).toBe(0);
    expect(out).toContain('\n└─ helper  run_child  worker  live');
    expect(out.split('\n').at(-1)).toBe('total: 2 runs, 5 steps, 0 tokens, 0.02 USD, 0 errors');
  });

  test('of 301 runs is there at once', async () => {
    const { store, runs } = await gateway();
    for (let index = 0; index < 299; index++) store.put('default', record(`run_${index}`, index % 2 ? child : root));
    const began = performance.now();
    const { out } = await runs('tree', 'run_root');
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(out.split('\n')).toHaveLength(301 + 3);
    expect(out).toContain('total: 301 runs, 304 steps');
  });

  test('as JSON has every run', async () => {
    const { runs } = await gateway();
    const told = JSON.parse((await runs('tree', 'run_root', '--json')).out) as { runs: unknown[] };
    expect(told.runs).toMatchObject([{ id: 'run_root' }, { id: 'run_child' }]);
  });
});

describe('waygate runs show', () => {
  test('says everything of a run', async () => {
    const { store, runs } = await gateway();
    await store.stop({ tenant: 'default', root: root.id, run: root.id }, stop('killed', { because: 'it loops' }));
    const { code, out } = await runs('show', 'run_root');
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 14)).toEqual([
      'run       run_root',
      'name      task',
      'tenant    default',
      'agent     worker, for ana',
      'state     killed',
      'stop      killed by olga: it loops (person, 2026-01-31T12:00:00.000Z, on run_root)',
      'root      run_root, this one',
      'known by  hint',
      'labels    web',
      'first     2026-01-31T12:00:00.000Z',
      'last      2026-01-31T12:00:00.000Z',
      'itself    1 run, 2 steps, 0 tokens, 0.02 USD, 0 errors',
      'in all    2 runs, 5 steps, 0 tokens, 0.02 USD, 0 errors',
      'calls     tool.call 2, model.generate 3',
    ]);
    expect(out).toContain('run_child');
    expect((await runs('show', 'run_child')).out).toContain('root      run_root; parent run_root, depth 1');
    expect(JSON.parse((await runs('show', 'run_root', '--json')).out)).toMatchObject({
      children: [{ id: 'run_child' }],
    });
  });

  test('tells its newest steps, and nothing in them moves a cursor', async () => {
    const timeline = memoryTimelines({ clock: new HandClock() });
    const { url, store } = await listening({ timeline });
    store.put('default', root);
    const step = { at: root.bornMs, kind: 'tool', resource: 'tool/notes/read', ok: true } as const;
    const steps = [
      step,
      { ...step, kind: 'model', resource: 'model/a/\u001b[2J\u202e', tokens: 1_200, money: 30_000, ms: 1_234 },
      { ...step, kind: 'tool.local', resource: 'tool/local/Bash', ok: false },
      { ...step, ok: false, code: 'policy.denied', ms: 2 },
    ] as const;
    await timeline.append(
      'default',
      steps.map((one, index) => ({ run: root.id, step: { ...one, at: one.at + index } })),
    );
    const at = ['--admin-url', url, '--token', operatorToken([RANKED.viewer], { tenants: '*' })];
    const { out } = await run('runs', 'show', 'run_root', ...at);
    expect(out.split('\n').slice(-6)).toEqual([
      'the newest 4 steps:',
      'TIME                      KIND        RESOURCE         RESULT         TOKENS     MONEY    MS',
      '2026-01-31T12:00:00.000Z  tool        tool/notes/read  ok                  -         -     -',
      '2026-01-31T12:00:00.001Z  model       model/a/�[2J�    ok               1200  0.03 USD  1234',
      '2026-01-31T12:00:00.002Z  tool.local  tool/local/Bash  failed              -         -     -',
      '2026-01-31T12:00:00.003Z  tool        tool/notes/read  policy.denied       -         -     2',
    ]);
    expect((await run('runs', 'show', 'run_root', '--steps', '1', ...at)).out).toContain('the newest 1 step:');
  });

  test('of a run that nobody knows ends in 1 with the gateway’s sentence', async () => {
    const { runs } = await gateway();
    expect(await runs('show', 'run_nobody')).toEqual({
      code: 1,
      out: '',
      err: 'there is no run `run_nobody` in the tenant `default`; `waygate runs list` shows those there are',
    });
  });

  test('without a run is called wrongly', async () => {
    const { runs } = await gateway();
    expect((await runs('show')).code).toBe(2);
    expect((await runs('tree')).code).toBe(2);
    expect((await runs('list', '--state', 'dead')).code).toBe(2);
    expect((await runs('list', '--limit', 'x')).code).toBe(2);
  });
});
