import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePair } from '../support/redis.ts';
import { folder, startProcess } from './run.ts';

test.each([
  ['data', 0],
  ['operators’', 1],
])('a start whose %s port is taken says so, and ends', async (_, above) => {
  const holder = createServer();
  const port = await freePair();
  const taken = port + above;
  await new Promise<void>((resolve) => holder.listen(taken, '127.0.0.1', resolve));
  onTestFinished(() => void holder.close());
  const { code, err } = await startProcess(['serve', '--port', String(port)], { cwd: folder() });
  expect(err).toContain(`waygate cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${taken}`);
  expect(code).toBe(1);
});
