import { describe, expect, test, vi } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import { type Config, loadConfig } from '../../src/config/load.ts';
import { type ConfigState, watchConfig } from '../../src/config/watch.ts';
import { HandClock } from '../identity/issuer.ts';
import { AROUND, GOOD, memoryFiles } from './bad.ts';

/** A config whose files and time are in the test's hands. */
async function watched(apply: (config: Config) => Promise<readonly Problem[]> = async () => []) {
  const contents: Record<string, string> = {
    ...AROUND,
    'waygate.yaml': GOOD.replace('env:OPENAI_API_KEY', 'file:key'),
    key: 'sk-one',
  };
  const files = memoryFiles(contents);
  const load = (): ReturnType<typeof loadConfig> => loadConfig({ path: 'waygate.yaml', env: {}, files });
  const clock = new HandClock();
  const applied: Config[] = [];
  const states: ConfigState[] = [];
  let tick = (): void => {};
  let stopped = false;
  const watch = watchConfig({
    loaded: await load(),
    load,
    files,
    clock,
    apply: (config) => {
      applied.push(config);
      return apply(config);
    },
    onState: (state) => states.push(state),
    every: (next) => {
      tick = next;
      return () => {
        stopped = true;
      };
    },
  });
  // A macrotask later everything that a look at files in memory starts is over.
  const look = async (times = 1): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      tick();
      await new Promise((resolve) => setImmediate(resolve));
      clock.ms += 1_000;
    }
  };
  return { contents, watch, look, tick: () => tick(), applied, states, clock, isStopped: () => stopped };
}

describe('files that do not change', () => {
  test('are not loaded again', async () => {
    const { look, applied, states, watch } = await watched();
    await look(5);
    expect([applied, states, watch.state()]).toEqual([[], [], { kind: 'current' }]);
  });
});

describe('a change', () => {
  test.each([
    ['of the config', 'waygate.yaml', GOOD.replace('env:OPENAI_API_KEY', 'file:key').concat('drain: { seconds: 5 }\n')],
    ['of a policy', 'policies/open.yaml', 'policy: shut\n'],
    ['of a key file', 'keys.yaml', 'keys: [] # none\n'],
    ['of a secret', 'key', 'sk-two'],
    ['that adds a policy', 'policies/more.yaml', 'policy: more\n'],
  ])('%s is taken at the second look, once', async (_, path, text) => {
    const { contents, look, applied, states } = await watched();
    contents[path] = text;
    await look();
    expect(applied).toHaveLength(0);
    await look();
    expect(applied).toHaveLength(1);
    await look(5);
    expect(applied).toHaveLength(1);
    expect(states).toEqual([{ kind: 'current' }]);
  });

  test('that takes a policy away is a change', async () => {
    const { contents, look, applied } = await watched();
    contents['policies/more.yaml'] = 'policy: more\n';
    await look(2);
    delete contents['policies/more.yaml'];
    await look(2);
    expect(applied.map((config) => config.policies.files.length)).toEqual([2, 1]);
  });

  test('brings the new secret', async () => {
    const { contents, look, applied } = await watched();
    contents['key'] = 'sk-two';
    await look(2);
    expect(applied[0]?.secret('file:key')).toBe('sk-two');
  });

  test('that is still going on is waited for', async () => {
    const { contents, look, applied } = await watched();
    for (let written = 0; written < 4; written += 1) {
      contents['policies/open.yaml'] = `policy: shut ${written}\n`;
      await look();
    }
    expect(applied).toHaveLength(0);
    await look();
    expect(applied.map((config) => config.policies.files[0]?.text)).toEqual(['policy: shut 3\n']);
  });

  test('that is taken back at once is none', async () => {
    const { contents, look, applied } = await watched();
    const before = String(contents['key']);
    contents['key'] = 'sk-two';
    await look();
    contents['key'] = before;
    await look();
    contents['key'] = 'sk-two';
    await look();
    expect(applied).toHaveLength(0);
  });
});

describe('a bad file', () => {
  test('leaves the last good one in force, and is told once, until it is mended', async () => {
    const { contents, look, applied, states, watch, clock } = await watched();
    const good = String(contents['waygate.yaml']);
    contents['waygate.yaml'] = good.replace('version: 1', 'version: 2');
    await look(5);
    expect(applied).toHaveLength(0);
    const stale = {
      kind: 'stale',
      problems: [{ file: 'waygate.yaml', line: 1, column: 10, message: 'expected `1`' }],
      sinceMs: clock.ms - 4_000,
    };
    expect(states).toEqual([stale]);
    expect(watch.state()).toEqual(stale);

    contents['waygate.yaml'] = `${good}drain: { seconds: 5 }\n`;
    await look(2);
    expect(applied.map((config) => config.drain.seconds)).toEqual([5]);
    expect(watch.state()).toEqual({ kind: 'current' });
  });

  test('that becomes bad in another way is told again, and is as old as the first', async () => {
    const { contents, look, states } = await watched();
    contents['waygate.yaml'] = 'version: 2';
    await look(2);
    contents['waygate.yaml'] = 'version: [';
    await look(2);
    const [first, second] = states;
    expect(states).toHaveLength(2);
    expect(first?.kind === 'stale' && second?.kind === 'stale' && second.sinceMs === first.sinceMs).toBe(true);
  });

  test('that is put back as it was is mended', async () => {
    const { contents, look, watch } = await watched();
    const good = String(contents['keys.yaml']);
    contents['keys.yaml'] = 'keys: {}';
    await look(2);
    expect(watch.state().kind).toBe('stale');
    contents['keys.yaml'] = good;
    await look(2);
    expect(watch.state()).toEqual({ kind: 'current' });
  });

  test('is also one that goes away', async () => {
    const { contents, look, watch, applied } = await watched();
    delete contents['waygate.yaml'];
    await look(2);
    expect(watch.state()).toMatchObject({
      kind: 'stale',
      problems: [{ message: 'the file `waygate.yaml` cannot be read (ENOENT)' }],
    });
    expect(applied).toHaveLength(0);
  });

  test('is also one that fits, but cannot be put into force', async () => {
    const problem = { file: 'policies/open.yaml', line: 2, column: 1, message: 'unknown action' };
    const { contents, look, states } = await watched(async () => [problem]);
    contents['policies/open.yaml'] = 'policy: shut\n';
    await look(4);
    expect(states).toEqual([{ kind: 'stale', problems: [problem], sinceMs: expect.any(Number) }]);
  });

  test('does not end the watch, whatever is thrown on its account', async () => {
    const failure = new Error('no redis');
    let fails = true;
    const { contents, look, watch } = await watched(async () => {
      if (fails) throw failure;
      return [];
    });
    contents['key'] = 'sk-two';
    await look(2);
    expect(watch.state()).toMatchObject({ kind: 'stale', cause: failure });
    fails = false;
    contents['key'] = 'sk-three';
    await look(2);
    expect(watch.state()).toEqual({ kind: 'current' });
  });
});

describe('a reload that is asked for', () => {
  test('happens at once, changed or not', async () => {
    const { contents, watch, applied, look } = await watched();
    await watch.reload();
    contents['key'] = 'sk-two';
    await watch.reload();
    expect(applied.map((config) => config.secret('file:key'))).toEqual(['sk-one', 'sk-two']);
    await look(3);
    expect(applied).toHaveLength(2);
  });

  test('never runs beside another, nor beside a look', async () => {
    let running = 0;
    let most = 0;
    const { watch, tick, applied } = await watched(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return [];
    });
    tick();
    await Promise.all([watch.reload(), watch.reload(), watch.reload()]);
    expect([applied.length, most]).toEqual([3, 1]);
  });
});

test('a watch can be stopped', async () => {
  const { watch, isStopped } = await watched();
  watch.stop();
  expect(isStopped()).toBe(true);
});

test('a watch looks every second', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const files = memoryFiles({ ...AROUND, 'waygate.yaml': GOOD });
    const looks: string[] = [];
    const counted = { ...files, read: (path: string) => (looks.push(path), files.read(path)) };
    const load = (): ReturnType<typeof loadConfig> =>
      loadConfig({ path: 'waygate.yaml', env: { OPENAI_API_KEY: 'sk' }, files });
    const watch = watchConfig({
      loaded: await load(),
      load,
      files: counted,
      clock: new HandClock(),
      apply: async () => [],
      onState: () => {},
    });
    for (let second = 0; second < 3; second += 1) {
      vi.advanceTimersByTime(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(looks.filter((path) => path === 'waygate.yaml')).toHaveLength(3);
    watch.stop();
    vi.advanceTimersByTime(5_000);
    expect(looks.filter((path) => path === 'waygate.yaml')).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

test('a look that takes long is not overtaken by the next', async () => {
  const files = memoryFiles({ ...AROUND, 'waygate.yaml': GOOD });
  const load = (): ReturnType<typeof loadConfig> =>
    loadConfig({ path: 'waygate.yaml', env: { OPENAI_API_KEY: 'sk' }, files });
  let tick = (): void => {};
  let looks = 0;
  const release = Promise.withResolvers<string>();
  const slow = {
    ...files,
    read: (path: string) => {
      if (path === 'waygate.yaml') looks += 1;
      return release.promise;
    },
  };
  watchConfig({
    loaded: await load(),
    load,
    files: slow,
    clock: new HandClock(),
    apply: async () => [],
    onState: () => {},
    every: (next) => {
      tick = next;
      return () => {};
    },
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (let times = 0; times < 3; times += 1) {
    tick();
    await settle();
  }
  expect(looks).toBe(1);
  release.resolve(GOOD);
  await settle();
  tick();
  await settle();
  expect(looks).toBe(2);
});
