// One Redis for the whole run: REDIS_URL, else a local redis-server, else an emulator, said plainly.
import { createRedisMock } from 'js-redis-server';
import type { TestProject } from 'vitest/node';
import { redisBinary, startRedis } from './redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
    /** False where an emulator stands in: tests of faults and load need the real server. */
    redisIsReal: boolean;
  }
}

interface SharedRedis {
  readonly url: string;
  readonly real: boolean;
  stop(): Promise<void>;
}

// The promise, not what it brings: the projects are set up at once, and a second server would be nobody's to stop.
let shared: Promise<SharedRedis> | undefined;

async function findRedis(): Promise<SharedRedis> {
  const given = process.env['REDIS_URL'];
  if (given) return { url: given, real: true, stop: async () => {} };
  if (redisBinary()) {
    const server = await startRedis();
    return { url: server.url, real: true, stop: () => server.stop() };
  }
  if (process.env['WAYGATE_TEST_REAL_REDIS'] === '1') {
    throw new Error('WAYGATE_TEST_REAL_REDIS=1, but there is neither REDIS_URL nor a redis-server on the PATH');
  }
  process.stderr.write(
    '\n[waygate] no REDIS_URL and no redis-server: the tests fall back to an EMULATOR, and those of faults and load are skipped.\n' +
      '[waygate] `apt-get install redis-server` brings the real one.\n\n',
  );
  const mock = await createRedisMock();
  const [address] = mock.addresses();
  if (!address) throw new Error('the emulator has no address');
  return { url: `redis://${address.host}:${address.port}`, real: false, stop: () => mock.close() };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await (shared ??= findRedis());
  project.provide('redisUrl', redis.url);
  project.provide('redisIsReal', redis.real);
  return async () => {
    if (shared === undefined) return;
    shared = undefined;
    await redis.stop();
  };
}
