import { beforeEach, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { Stop } from '../../src/core/run.ts';
import { Registry, WATCH_MS } from '../../src/runs/registry.ts';
import { testClock } from '../limits/ledger.ts';
import { handSchedule } from '../limits/timers.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { admitIn, inMemory, type Stores } from './stores.ts';

const TENANT = 'acme';
const root = rootRun('run_root');
const parent = childRun(root, 'run_parent');
const child = childRun(parent, 'run_child');

let stores: Stores;
let registry: Registry;
let schedule: ReturnType<typeof handSchedule>;
let ended: string[];

beforeEach(async () => {
  stores = inMemory(testClock());
  schedule = handSchedule();
  registry = new Registry({ store: stores.runs, schedule, onFailure: (cause) => expect.fail(String(cause)) });
  ended = [];
  for (const run of [root, parent, child]) await admitIn(stores.ledger, TENANT, run);
});

async function look(times = 4): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await schedule.run(WATCH_MS);
    await registry.watch();
  }
}

const stop = (run: RunId, state: Stop['state']): Promise<boolean> =>
  stores.runs.stop(
    { tenant: TENANT, root: root.id, run },
    { state, cause: 'person', by: 'olga', because: '', atMs: 1 },
  );

test('a run that is followed is told of once when it, or one above it, is killed', async () => {
  registry.follow(TENANT, child, () => ended.push('child'));
  registry.follow(TENANT, root, () => ended.push('root'));
  await look();
  expect(ended).toEqual([]);
  await stop(parent.id, 'killed');
  await look(8);
  expect(ended).toEqual(['child']);
});

test('what may go on one day has not ended', async () => {
  registry.follow(TENANT, child, () => ended.push('child'));
  await stop(child.id, 'paused');
  await stop(parent.id, 'draining');
  await stores.runs.stop(
    { tenant: TENANT, scope: '*' },
    { state: 'killed', cause: 'person', by: 'o', because: '', atMs: 1 },
  );
  await look(8);
  expect(ended).toEqual([]);
  await stop(child.id, 'done');
  await look();
  expect(ended).toEqual(['child']);
});

test('nobody is told who has left', async () => {
  registry.follow(TENANT, child, () => ended.push('child')).leave();
  await stop(child.id, 'killed');
  await look();
  expect(ended).toEqual([]);
});
