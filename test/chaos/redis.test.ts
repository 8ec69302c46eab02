// Real Redis, broken in the middle of traffic: answers still come in time, no limit is passed, nothing is counted twice.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { runProcess } from '../cli/run.ts';
import { until } from '../limits/servers.ts';
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

const LOCAL = { store: 'local', rate: '60/min', total: '100/min', budget: '0.0006 USD', for: '10min' };

async function start(more: Readonly<Record<string, unknown>> = {}, policy: unknown = POLICY): Promise<void> {
  redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  await serve(more, policy);
}

async function serve(more: Readonly<Record<string, unknown>> = {}, policy: unknown = POLICY): Promise<void> {
  started = false;
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  const up = { ...chatUpstream(upstream.url), ...more };
  const config = { upstreams: { up }, store: { kind: 'redis', url: redis.url } };
  waygate = await startWaygate({ config, policies: { 'money.yaml': policy }, env: { UPSTREAM_KEY: 'k' } });
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

async function storeCheck(): Promise<string> {
  const report = (await (await fetch(`${waygate.adminUrl}/readyz`)).json()) as { checks: Record<string, string> };
  return report.checks['store'] ?? '';
}

/** Has a server drop keys that nobody misses, for a moment. */
async function evictSomething(admin: Redis): Promise<void> {
  for (let index = 0; index < 50; index += 1) await admin.set(`filler-${index}`, 'x'.repeat(10_000), 'EX', 3_600);
  const used = Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))?.[1]);
  await admin.config('SET', 'maxmemory-policy', 'volatile-ttl');
  await admin.config('SET', 'maxmemory', String(used - 100_000));
  await until('keys are evicted', async () => /^evicted_keys:[1-9]/m.test(await admin.info('stats')));
  await admin.config('SET', 'maxmemory', '0');
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
}

/** What the audit says, entry by entry. */
function auditOf({ dir }: Waygate): readonly { readonly kind: string; readonly localMode?: string }[] {
  const folder = join(dir, '.waygate/audit');
  const text = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  return text.flatMap((lines) => lines.split('\n').filter(Boolean)).map((line) => JSON.parse(line) as never);
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

  test('gone, where the upstream has a local mode: calls pass within its bounds, and the ledger has them when it is back', async () => {
    await start({ failure: LOCAL });
    expect(waygate.output()).toContain('a fail mode is not the default');
    for (let index = 0; index < 3; index += 1) expect((await timed()).status).toBe(200);
    await redis.kill();
    const answer = await postChat(waygate.url, bearer);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('waygate-limits')).toBe('local');
    expect(answer.headers.get('ratelimit')).toBeNull();
    expect(await (await fetch(`${waygate.adminUrl}/readyz`)).json()).toMatchObject({
      ready: true,
      checks: { store: expect.stringContaining('warning: the store does not answer') },
    });
    // Each is reserved with 400 micro-USD and more, and costs 30: the budget ends before the rate does.
    let passed = 1;
    let refused: Awaited<ReturnType<typeof timed>> | undefined;
    while (!refused) {
      const one = await timed();
      if (one.status === 200) passed += 1;
      else refused = one;
      expect(passed).toBeLessThan(CALLS);
    }
    expect(refused).toMatchObject({ status: 503, body: expect.stringContaining('the local mode of `up`') });
    expect(upstream.received).toHaveLength(3 + passed);
    const metrics = await (await fetch(`${waygate.adminUrl}/metrics`)).text();
    const counted = (mode: string): number =>
      [...metrics.matchAll(new RegExp(`waygate_fail_modes\\w*\\{[^}]*waygate_fail_mode="${mode}"[^}]*\\} (\\d+)`, 'g'))]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0);
    expect([counted('local'), counted('closed')]).toEqual([passed, 1]);
    expect(auditOf(waygate).filter(({ localMode }) => localMode === 'up')).toHaveLength(passed);

    await redis.restart();
    const admin = new Redis(redis.url);
    await until('the ledger knows of them', async () => {
      const [key = ''] = await admin.keys('wg:{acme}:counter:*');
      return Number(await admin.hget(key, 'settled')) === 3 + passed;
    });
    admin.disconnect();
    expect(3 + passed + (await spendTheRest())).toBe(CALLS);
  });

  test('told to evict while it runs: calls are refused and say so, also by a local mode, until it keeps everything again', async () => {
    await start({ failure: LOCAL });
    expect((await timed()).status).toBe(200);
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await until('it is noticed', async () => (await storeCheck()) !== 'ok');
    expect(await storeCheck()).toBe('redis may evict ledgers (allkeys-lru)');
    expect(await timed()).toMatchObject({ status: 503, body: expect.stringContaining('limit.unavailable') });
    expect(waygate.output()).toContain('redis may evict ledgers: no limited call is admitted');
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    admin.disconnect();
    await until('it is believed again', async () => (await storeCheck()) === 'ok');
    expect(1 + (await spendTheRest())).toBe(CALLS);
  }, 60_000);

  test('that has evicted keys: every tenant is closed until it is rebuilt from the audit', async () => {
    await start({ failure: LOCAL });
    for (let index = 0; index < 3; index += 1) expect((await timed()).status).toBe(200);
    const admin = new Redis(redis.url);
    await evictSomething(admin);
    const closed = async (): Promise<boolean> =>
      (await admin.get('wg:{acme}:generation'))?.startsWith('closed:') === true;
    await until('it is noticed', closed);
    admin.disconnect();
    expect((await timed()).body).toContain('limit.lost');
    const rebuild = runProcess(['ledger', 'rebuild', '--from-audit', '--tenant', 'acme'], { cwd: waygate.dir });
    expect(rebuild).toMatchObject({ code: 0, err: '' });
    expect(rebuild.out).toContain(`calendar 3 of ${CALLS} requests`);
    expect(3 + (await recovered()) + (await spendTheRest())).toBe(CALLS);
  }, 60_000);

  test('full: calls are refused and nothing is lost; with room again they go on where they were', async () => {
    await start();
    for (let index = 0; index < 3; index += 1) expect((await timed()).status).toBe(200);
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory', '1');
    const { status, ms, body } = await timed();
    expect([status, body.includes('limit.unavailable')]).toEqual([503, true]);
    expect(ms).toBeLessThan(250);
    await admin.config('SET', 'maxmemory', '0');
    admin.disconnect();
    expect(await (await fetch(`${waygate.adminUrl}/metrics`)).text()).toMatch(
      /waygate_fail_modes\w*\{[^}]*waygate_cause="full"[^}]*\} 1/,
    );
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
