// Real Redis, broken in the middle of traffic: answers still come in time, no limit is passed, nothing is counted twice.
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { runProcess } from '../cli/run.ts';
import { chatUpstream, completion, postChat } from '../support/chat.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const CALLS = 20;
const POLICY = {
  policy: 'money',
  rules: [{ id: 'all', allow: ['model.generate', 'model.list'] }],
  limits: [{ id: 'calls', budget: `${CALLS} calls`, every: 'day', per: 'agent' }],
};

let redis: RedisServer;
let upstream: ScriptedUpstream;
let waygate: Waygate;
let bearer: string;
let started: boolean;
afterEach(async () => {
  if (started) await waygate.stop();
  await upstream.close();
  await redis.stop();
});

async function start(): Promise<void> {
  redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  await serve();
}

async function serve(): Promise<void> {
  started = false;
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  const config = { upstreams: { up: chatUpstream(upstream.url) }, store: { kind: 'redis', url: redis.url } };
  waygate = await startWaygate({ config, policies: { 'money.yaml': POLICY }, env: { UPSTREAM_KEY: 'k' } });
  started = true;
  bearer = await token();
}

async function timed(): Promise<{ status: number; ms: number; body: string }> {
  const began = performance.now();
  const answer = await postChat(waygate.url, bearer);
  const body = await answer.text();
  return { status: answer.status, ms: performance.now() - began, body };
}

/** Calls until the budget is spent; how many were let through. */
async function spendTheRest(): Promise<number> {
  let passed = 0;
  for (;;) {
    const { status } = await timed();
    if (status !== 200) return passed;
    passed += 1;
    expect(passed).toBeLessThanOrEqual(CALLS);
  }
}

async function recovered(): Promise<number> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { status } = await timed();
    if (status === 200) return 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the gateway did not come back');
}

describe.runIf(inject('redisIsReal'))('Redis, broken in the middle of a run', () => {
  test('killed: calls are refused within 250 ms and say why; restarted: they go on where they were', async () => {
    await start();
    for (let index = 0; index < 5; index += 1) expect((await timed()).status).toBe(200);
    await redis.kill();
    for (let index = 0; index < 5; index += 1) {
      const { status, ms, body } = await timed();
      expect(status).toBe(503);
      expect(body).toContain('limit.unavailable');
      expect(ms).toBeLessThan(250);
    }
    expect(upstream.received).toHaveLength(5);
    await redis.restart();
    const passed = 5 + (await recovered()) + (await spendTheRest());
    expect(passed).toBe(CALLS);
    expect(upstream.received).toHaveLength(CALLS);
  });

  test('frozen: calls are refused within 250 ms; thawed: no limit is passed and nothing was sent that was refused', async () => {
    await start();
    for (let index = 0; index < 3; index += 1) expect((await timed()).status).toBe(200);
    redis.freeze();
    const refused = [await timed(), await timed(), await timed()];
    redis.thaw();
    for (const { status, ms } of refused) {
      expect(status).toBe(503);
      expect(ms).toBeLessThan(250);
    }
    expect(upstream.received).toHaveLength(3);
    const passed = 3 + (await recovered()) + (await spendTheRest());
    // What the frozen server had taken in before it was asked in vain may count; it can only make less pass.
    expect(passed).toBeLessThanOrEqual(CALLS);
    expect(passed).toBeGreaterThanOrEqual(CALLS - refused.length);
    expect(upstream.received).toHaveLength(passed);
  });

  test('scripts flushed under load: every call is still decided, none twice', async () => {
    await start();
    const admin = new Redis(redis.url);
    let passed = 0;
    for (let index = 0; index < CALLS + 5; index += 1) {
      if (index % 3 === 0) await admin.script('FLUSH');
      if ((await timed()).status === 200) passed += 1;
    }
    admin.disconnect();
    expect(passed).toBe(CALLS);
  });

  test('wiped: the tenant stays closed and says so; rebuilt from the audit, it goes on where it was', async () => {
    await start();
    for (let index = 0; index < 3; index += 1) expect((await timed()).status).toBe(200);
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
    const { status, body } = await timed();
    expect(status).toBe(503);
    expect(body).toContain('limit.lost');
    expect(upstream.received).toHaveLength(3);
    const rebuild = runProcess(['ledger', 'rebuild', '--tenant', 'acme'], { cwd: waygate.dir });
    expect(rebuild).toMatchObject({ code: 0, err: '' });
    expect(rebuild.out).toContain(`acme: money/calls:requests:day@UTC:agent=ci:calendar 3 of ${CALLS} requests`);
    expect(3 + (await recovered()) + (await spendTheRest())).toBe(CALLS);
  });

  test('gone: lists of models still pass, and each is counted', async () => {
    await start();
    await redis.kill();
    upstream.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[{"id":"small"}]}');
    const models = await fetch(`${waygate.url}/v1/models`, { headers: { authorization: `Bearer ${bearer}` } });
    expect(models.status).toBe(200);
    expect(await models.json()).toMatchObject({ data: [{ id: 'small' }] });
    expect(await (await fetch(`${waygate.adminUrl}/metrics`)).text()).toMatch(/waygate_limits_bypassed\w*\{[^}]*\} 1/);
  });

  test('not there at the start: the gateway lives, is not ready, and refuses; it serves as soon as there is one', async () => {
    redis = await startRedis();
    await redis.kill();
    await serve();
    expect((await fetch(`${waygate.adminUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${waygate.adminUrl}/readyz`)).status).toBe(503);
    const { status, body } = await timed();
    expect(status).toBe(503);
    expect(body).toContain('limit.unavailable');
    await redis.restart();
    expect((await recovered()) + (await spendTheRest())).toBe(CALLS);
  });

  test('one that may evict ends the start with 1, and the process with it', async () => {
    redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    await expect(serve()).rejects.toThrow(/ended with 1[^]*maxmemory-policy/);
  });

  test('not there at the start, and then one that may evict: nothing is let in, and the log says why', async () => {
    redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    await redis.kill();
    await serve();
    await redis.restart();
    while (!waygate.output().includes('maxmemory-policy')) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await timed()).status).toBe(503);
    expect(upstream.received).toEqual([]);
  });
});
