import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { folder, startProcess } from './run.ts';

test.each([
  ['data', 0],
  ['operators’', 1],
])('a start whose %s port is taken says so, and ends', async (_, above) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void holder.close());
  const taken = (holder.address() as AddressInfo).port;
  const port = taken - above;
  const { code, err } = await startProcess(['serve', '--port', String(port)], { cwd: folder() });
  expect(err).toContain(`waygate cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${taken}`);
  expect(code).toBe(1);
});
