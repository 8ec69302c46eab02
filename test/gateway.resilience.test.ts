// What the whole gateway does when upstreams fail: real sockets, real policies, real limits.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, completion, postChat } from './support/chat.ts';
import { type InProcess, startInProcess } from './support/in-process.ts';
import { type ScriptedUpstream, scriptedUpstream } from './support/upstream.ts';
import { token } from './support/waygate.ts';

const ALLOW = { id: 'all', allow: ['model.generate', 'model.list'] };
const MODEL = { ...CHAT, model: 'best' };
/** Every run prefers the first target; the second is for when it cannot be had. */
const BEST = [
  { to: 'first/small', weight: 1 },
  { to: 'second/large', weight: 0 },
];
/** What a call costs at the second upstream; at the first it is 30. */
const DEAR = 10 * 100 + 5 * 400;

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;

beforeEach(async () => {
  [first, second] = [await scriptedUpstream(), await scriptedUpstream()];
  first.answer = completion;
  second.answer = completion;
  bearer = await token();
});
afterEach(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close()]);
});

interface Options {
  readonly rules?: readonly unknown[];
  readonly limits?: readonly unknown[];
  readonly retry?: Record<string, unknown>;
  readonly circuit?: unknown;
  readonly best?: readonly unknown[];
}

async function start({ rules = [ALLOW], limits = [], retry, circuit = {}, best = BEST }: Options = {}): Promise<void> {
  const failing = { retry: { backoffMs: 1, ...retry }, circuit };
  const upstreams = {
    first: { ...chatUpstream(first.url), ...failing },
    second: { ...chatUpstream(second.url), ...failing, prices: { '*': { input: 100, output: 400 } } },
  };
  gateway = await startInProcess(
    { upstreams, aliases: { best, alone: 'first/small' } },
    { policy: 'way', rules, ...(limits.length > 0 && { limits }) },
  );
}

/** A call that may go to either upstream. */
const ask = (): Promise<Response> => postChat(gateway.url, bearer, MODEL);
/** A call that only the first upstream may take. */
const askFirst = (): Promise<Response> => postChat(gateway.url, bearer, { ...CHAT, model: 'alone' });

const refusing =
  (status: number, headers: Record<string, string> = {}): ScriptedUpstream['answer'] =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":{}}');

/** Answers with each of the statuses in turn, then as a model does. */
function refusingFirst(...statuses: readonly number[]): ScriptedUpstream['answer'] {
  const left = [...statuses];
  return (request, response, raw) => {
    const status = left.shift();
    if (status === undefined) completion(request, response);
    else refusing(status)(request, response, raw);
  };
}

interface Entry {
  readonly kind: string;
  readonly call?: string;
}

/** The audit's entries of calls, once there are as many. */
async function entries(count: number): Promise<Entry[]> {
  const dir = join(gateway.dir, 'audit');
  const read = (): Entry[] =>
    readdirSync(dir)
      .flatMap((file) => readFileSync(join(dir, file), 'utf8').trim().split('\n'))
      .map((line) => JSON.parse(line) as Entry)
      .filter(({ call }) => call !== undefined);
  await expect.poll(() => read().length).toBeGreaterThanOrEqual(count);
  return read();
}

/** The sum of a metric over its series with the label. */
async function metric(name: string, label = ''): Promise<number> {
  const lines = (await gateway.waygate.telemetry.prometheusText()).split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const costs = (): Promise<number> => metric('waygate_cost_usd_micros_total');

describe('a model’s provider that has not begun', () => {
  test.each([429, 500, 502, 503, 504, 529])(
    'and says %i is asked again; the call is charged and recorded once',
    async (status) => {
      await start();
      first.answer = refusingFirst(status);
      const answer = await askFirst();
      expect(answer.status).toBe(200);
      expect(first.received).toHaveLength(2);
      expect(await entries(2)).toMatchObject([{ kind: 'permit' }, { kind: 'outcome', status: 200 }]);
      expect(await costs()).toBe(30);
      expect(await metric('waygate_upstream_tries_total')).toBe(2);
      expect(await metric('waygate_upstream_retries_total', 'granted')).toBe(1);
    },
  );

  test.each([400, 401, 403, 404, 409, 501])('and says %i is not: the answer is the client’s', async (status) => {
    await start();
    first.answer = refusing(status);
    expect((await askFirst()).status).toBe(status);
    expect(first.received).toHaveLength(1);
  });

  test('an answer that asks for a longer wait than is waited goes to the client, with what it asks', async () => {
    await start({ retry: { waitMaxMs: 1_000 } });
    first.answer = refusing(429, { 'retry-after': '2' });
    const answer = await askFirst();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
    expect(first.received).toHaveLength(1);
  });

  test('a storm of refusals reaches it no more than a fifth more often, and ten times', async () => {
    await start({ circuit: { failures: 1_000 } });
    first.answer = refusing(503);
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 10 }, askFirst));
    expect(first.received.length).toBeGreaterThan(240);
    expect(first.received.length).toBeLessThanOrEqual(200 * 1.2 + 10);
    expect(await metric('waygate_upstream_retries_total', 'over-budget')).toBeGreaterThan(0);
  });

  test('a client that leaves ends the wait', async () => {
    await start({ retry: { backoffMs: 60_000, withinMs: 120_000 } });
    first.answer = refusing(503);
    const leaving = new AbortController();
    const answer = postChat(gateway.url, bearer, { ...CHAT, model: 'alone' }, { signal: leaving.signal });
    await expect.poll(() => first.received.length).toBe(1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    expect(await entries(2)).toMatchObject([
      { kind: 'permit' },
      { kind: 'outcome', error: { code: 'request.aborted' } },
    ]);
    expect(first.received).toHaveLength(1);
  });
});

describe('an upstream that fails time after time', () => {
  const circuit = { failures: 3, openMs: 60_000 };
  const ready = async (): Promise<unknown> => (await fetch(`${gateway.url}/readyz`)).json();

  test('is left alone: calls are refused at once, in the dialect, with when to come again, and cost nothing', async () => {
    await start({ circuit, retry: { attempts: 0 } });
    first.answer = refusing(500);
    for (let count = 0; count < 3; count += 1) expect((await askFirst()).status).toBe(500);
    const refused = await askFirst();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '20']);
    expect(await refused.json()).toMatchObject({ error: { code: 'upstream.unavailable', type: 'server_error' } });
    expect(first.received).toHaveLength(3);
    expect(await costs()).toBe(0);
    expect(await metric('waygate_upstream_health', 'first')).toBe(0);
    expect(await metric('waygate_upstream_circuits_total', 'open')).toBe(1);
    expect(await ready()).toMatchObject({ ready: true, checks: { upstreams: 'warning: `first` is down' } });
  });

  test('is tried by one call after a while, and serves all again when that one is answered', async () => {
    await start({ circuit: { failures: 1, openMs: 300 }, retry: { attempts: 0 } });
    first.answer = refusing(500);
    await askFirst();
    await expect.poll(async () => (await askFirst()).status, { interval: 50 }).toBe(503);
    const held = Promise.withResolvers<void>();
    first.answer = (request, response) => void held.promise.then(() => completion(request, response));
    const before = first.received.length;
    const probes: Promise<Response>[] = [];
    await expect
      .poll(
        () => {
          probes.push(askFirst());
          return first.received.length;
        },
        { interval: 20, timeout: 5_000 },
      )
      .toBe(before + 1);
    const statuses = Promise.all([askFirst(), askFirst()].map(async (answer) => (await answer).status));
    expect(await statuses, 'while one call tries it').toEqual([503, 503]);
    held.resolve();
    const tried = await Promise.all(probes.map(async (answer) => (await answer).status));
    expect(tried.filter((status) => status === 200)).toHaveLength(1);
    expect((await askFirst()).status).toBe(200);
    expect(await metric('waygate_upstream_circuits_total', 'closed')).toBe(1);
  });

  test('is not one that refuses what it was asked, nor one whose clients leave', async () => {
    await start({ circuit, retry: { attempts: 0 } });
    first.answer = refusing(429);
    for (let count = 0; count < 6; count += 1) expect((await askFirst()).status).toBe(429);
    first.answer = () => {};
    for (let count = 0; count < 6; count += 1) {
      const leaving = new AbortController();
      const answer = postChat(gateway.url, bearer, { ...CHAT, model: 'alone' }, { signal: leaving.signal });
      await expect.poll(() => first.received.length).toBe(7 + count);
      leaving.abort();
      await expect(answer).rejects.toThrow();
    }
    first.answer = completion;
    expect((await askFirst()).status).toBe(200);
    expect(await ready()).toMatchObject({ checks: { upstreams: 'ok' } });
  });
});

describe('a call with two candidates', () => {
  test('goes to the preferred one as long as that answers', async () => {
    await start();
    expect((await ask()).status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([1, 0]);
    expect(JSON.parse(first.received[0]?.body.toString() ?? '')).toMatchObject({ model: 'small' });
    expect(await costs()).toBe(30);
    expect(await entries(2)).toMatchObject([
      { kind: 'permit', resource: 'model/first/small', candidates: ['model/first/small', 'model/second/large'] },
      { kind: 'outcome', sent: { resource: 'model/first/small', splices: ['model-alias'] } },
    ]);
  });

  test.each([
    ['cannot be reached', async () => first.close(), 0],
    ['refuses', () => void (first.answer = refusing(529)), 2],
    ['asks for a wait', () => void (first.answer = refusing(429, { 'retry-after': '3' })), 1],
  ])('goes to the other where the preferred one %s, at the price of that one', async (_, fail, tries) => {
    await start();
    await fail();
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([tries, 1]);
    expect(JSON.parse(second.received[0]?.body.toString() ?? '')).toMatchObject({ model: 'large' });
    expect(await costs()).toBe(DEAR);
    expect(await metric('waygate_upstream_fallbacks_total', 'waygate_upstream="first"')).toBe(1);
    expect(await entries(2)).toMatchObject([
      { kind: 'permit', resource: 'model/first/small' },
      { kind: 'outcome', sent: { resource: 'model/second/large' }, status: 200 },
    ]);
    first = await scriptedUpstream();
  });

  test('goes to the other at once while the preferred one is left alone', async () => {
    await start({ circuit: { failures: 1, openMs: 60_000 }, retry: { attempts: 0 } });
    first.answer = refusing(500);
    for (let count = 0; count < 3; count += 1) expect((await ask()).status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([1, 3]);
  });

  test('stays where it is once it may have been carried out', async () => {
    await start();
    first.answer = (_, response) => response.destroy();
    const answer = await ask();
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('may have been carried out');
    expect([first.received.length, second.received.length]).toEqual([1, 0]);
  });

  test('shows the last answer where none takes it on', async () => {
    await start({ retry: { attempts: 0 } });
    first.answer = refusing(503);
    second.answer = refusing(529, { 'retry-after': '7' });
    const answer = await ask();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([529, '7']);
    expect(await costs()).toBe(0);
  });
});

describe('a candidate that the policy does not permit', () => {
  const without = (resource: string) => ({ id: 'no', deny: 'model.generate', on: resource });

  test('is none: nothing falls back on it', async () => {
    await start({ rules: [ALLOW, without('model/second/*')] });
    first.answer = refusing(503);
    expect((await ask()).status).toBe(503);
    expect(second.received).toEqual([]);
    expect(await entries(2)).toMatchObject([{ candidates: ['model/first/small'] }, { kind: 'outcome', status: 503 }]);
  });

  test('is passed over, although it is preferred', async () => {
    await start({ rules: [ALLOW, without('model/first/*')] });
    expect((await ask()).status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([0, 1]);
    expect(await entries(2)).toMatchObject([
      { resource: 'model/second/large' },
      { sent: { resource: 'model/second/large' } },
    ]);
  });

  test('leaves a refusal where there is no other', async () => {
    await start({ rules: [ALLOW, without('model/*/*')] });
    const answer = await ask();
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('way/no');
    expect([first.received.length, second.received.length]).toEqual([0, 0]);
    expect(await entries(1)).toMatchObject([{ kind: 'refusal', resource: 'model/first/small' }]);
  });
});

describe('the limits of a call with two candidates', () => {
  const limit = (on: string, rest: Record<string, unknown>) => ({ id: 'some', on, ...rest });

  test('hold for the one that answers: a budget per model is charged where the money was spent', async () => {
    const budget = { id: 'spent', budget: '1 USD', every: 'day', per: ['tenant', 'model'] };
    await start({ limits: [budget] });
    first.answer = refusing(503);
    const answer = await ask();
    expect(answer.headers.get('ratelimit')).toContain('way/spent');
    // What is left of each model’s budget shows on calls that go to it alone.
    first.answer = completion;
    const left = async (model: string, path: string): Promise<number> => {
      const asked = await fetch(`${gateway.url}/${path}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...CHAT, model }),
      });
      return Number(/r=(\d+)/.exec(asked.headers.get('ratelimit') ?? '')?.[1]);
    };
    const fresh = await left('other', 'second');
    expect(fresh - (await left('large', 'second'))).toBe(DEAR);
    expect((await left('other', 'first')) - (await left('small', 'first'))).toBe(0);
  });

  test('leave out a candidate that they have no room for, and only that one', async () => {
    await start({ limits: [limit('model/second/*', { budget: '0.000001 USD', every: 'day' })] });
    expect((await ask()).status).toBe(200);
    first.answer = refusing(503);
    expect((await ask()).status).toBe(503);
    expect(second.received).toEqual([]);
  });

  test('pass over the preferred one where it is that one', async () => {
    await start({ limits: [limit('model/first/*', { rate: '1/min' })] });
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([1, 1]);
  });

  test('count no request for a candidate that was not needed', async () => {
    await start({ limits: [limit('model/second/*', { rate: '1/min' })] });
    for (let count = 0; count < 3; count += 1) expect((await ask()).status).toBe(200);
    first.answer = refusing(503);
    expect((await ask()).status).toBe(200);
    expect((await ask()).status, 'now it was needed once').toBe(503);
    expect(second.received).toHaveLength(1);
  });

  test('refuse the call where they hold for all of it', async () => {
    await start({ limits: [limit('model/*/*', { rate: '1/min' })] });
    expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('way/some');
    expect(second.received).toEqual([]);
  });
});

test('a run stays with its candidate, and runs are shared out by weight', async () => {
  await start({ best: [{ to: 'first/small', weight: 3 }, { to: 'second/large' }] });
  const session = (id: number): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'x-session-id': `s${id}` },
      body: JSON.stringify(MODEL),
    });
  const wentTo = async (id: number): Promise<'first' | 'second'> => {
    const before = first.received.length;
    await session(id);
    return first.received.length > before ? 'first' : 'second';
  };
  const chosen: string[] = [];
  for (let id = 0; id < 60; id += 1) chosen.push(await wentTo(id));
  for (let id = 0; id < 60; id += 1) expect(await wentTo(id)).toBe(chosen[id]);
  const share = chosen.filter((name) => name === 'first').length / chosen.length;
  expect(share).toBeGreaterThan(0.55);
  expect(share).toBeLessThan(0.95);
});
