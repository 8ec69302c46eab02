import { expect, test } from 'vitest';
import { systemPause } from '../../src/upstreams/pause.ts';

test('a pause takes its time', async () => {
  const before = performance.now();
  await systemPause(30, () => {});
  expect(performance.now() - before).toBeGreaterThanOrEqual(28);
});

test('a pause that is stopped is over at once, also where it is stopped before it has begun', async () => {
  const stopped = Promise.withResolvers<() => void>();
  const pause = systemPause(600_000, stopped.resolve);
  (await stopped.promise)();
  await pause;
  await systemPause(600_000, (stop) => stop());
});
