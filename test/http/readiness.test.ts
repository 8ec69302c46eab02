import { expect, test } from 'vitest';
import { readiness } from '../../src/http/readiness.ts';

test('a process is ready while every check passes or only warns', async () => {
  const report = await readiness({
    store: () => undefined,
    config: async () => 'warning: the last good one is in force',
  }).report();
  expect(report).toEqual({ ready: true, checks: { store: 'ok', config: 'warning: the last good one is in force' } });
});

test('one check that fails is enough, and it says why', async () => {
  const report = await readiness({ store: () => undefined, audit: async () => 'the disk is full' }).report();
  expect(report).toEqual({ ready: false, checks: { store: 'ok', audit: 'the disk is full' } });
});

test('a check that throws has failed, and what it threw stays inside', async () => {
  const { ready, checks } = await readiness({
    sync: () => {
      throw new Error('redis://:SECRET@host');
    },
    async: () => Promise.reject(new Error('SECRET')),
  }).report();
  expect(ready).toBe(false);
  expect(JSON.stringify(checks)).not.toContain('SECRET');
});

test('every report asks anew', async () => {
  let state: string | undefined = 'starting';
  const ready = readiness({ store: () => state });
  expect((await ready.report()).ready).toBe(false);
  state = undefined;
  expect((await ready.report()).ready).toBe(true);
});
