// Two gateways on one Redis: what does not fit waits its turn, wherever it came in.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, completion, postChat } from '../support/chat.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { ALLOW_ALL, startWaygate, token, type Waygate } from '../support/waygate.ts';

const AT_ONCE = 3;
const LIMIT = { id: 'at-once', concurrency: AT_ONCE };

let redis: RedisServer;
let upstream: ScriptedUpstream;
let gateways: readonly Waygate[];

beforeEach(async () => {
  redis = await startRedis();
  upstream = await scriptedUpstream();
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await upstream.close();
  await redis.stop();
});

async function start(count: number, limits: readonly object[] = [LIMIT]): Promise<void> {
  const config = { store: { kind: 'redis', url: redis.url }, upstreams: { up: chatUpstream(upstream.url) } };
  const policies = { 'open.yaml': { ...ALLOW_ALL, limits } };
  gateways = await Promise.all(
    Array.from({ length: count }, () => startWaygate({ config, policies, env: { UPSTREAM_KEY: 'k' } })),
  );
}

const at = (index: number): Waygate => gateways[index % gateways.length] as Waygate;

async function metric(gateway: Waygate, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('calls past a limit', () => {
  test('all come in, by both gateways, and never more at once than the limit', async () => {
    let open = 0;
    let most = 0;
    upstream.answer = (request, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        completion(request, response);
      }, 20);
    };
    await start(2);
    const tokens = [await token(), await token({ sub: 'bob' })];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => postChat(at(index).url, tokens[index % 3 === 0 ? 1 : 0] as string)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(most).toBeLessThanOrEqual(AT_ONCE);
    for (const gateway of gateways) {
      expect(await metric(gateway, 'waygate_limits_wait_duration_count')).toBeGreaterThan(0);
      expect(await metric(gateway, 'waygate_limits_waiting')).toBe(0);
    }
  });

  test('wait for a rate, and none is sent too early', async () => {
    upstream.answer = completion;
    await start(2, [{ id: 'pace', rate: '10/s' }]);
    const bearer = await token();
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => postChat(at(index).url, bearer)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(performance.now() - began).toBeGreaterThan(2_000);
  });

  test('leave the queue with their clients, and with a gateway that ends', async () => {
    const open: (() => void)[] = [];
    upstream.answer = (request, response) => void open.push(() => completion(request, response));
    await start(1);
    const bearer = await token();
    const running = [1, 2, 3].map(() => postChat(at(0).url, bearer));
    await until(() => open.length === AT_ONCE);
    const left = new AbortController();
    const leaving = postChat(at(0).url, bearer, CHAT, { signal: left.signal }).catch(() => undefined);
    const staying = postChat(at(0).url, bearer);
    await until(async () => (await metric(at(0), 'waygate_limits_waiting')) === 2);
    left.abort();
    await leaving;
    await until(async () => (await metric(at(0), 'waygate_limits_waiting')) === 1);
    at(0).signal('SIGTERM');
    const refused = await staying;
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'gateway.draining' } });
    for (const finish of open) finish();
    for (const answer of running) expect((await answer).status).toBe(200);
  });

  test('are refused within their time where Redis does not answer', async () => {
    const open: (() => void)[] = [];
    upstream.answer = (request, response) => void open.push(() => completion(request, response));
    await start(1);
    const bearer = await token();
    const running = [1, 2, 3].map(() => postChat(at(0).url, bearer));
    await until(() => open.length === AT_ONCE);
    const waiting = [1, 2, 3, 4].map(() => postChat(at(0).url, bearer));
    await until(async () => (await metric(at(0), 'waygate_limits_waiting')) === 4);
    redis.freeze();
    const began = performance.now();
    for (const answer of waiting) expect((await answer).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(2_000);
    redis.thaw();
    for (const finish of open) finish();
    for (const answer of running) expect((await answer).status).toBe(200);
  });
});
