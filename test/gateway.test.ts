import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, chunk, completion, postChat } from './support/chat.ts';
import { breakAudit, type InProcess, startInProcess } from './support/in-process.ts';
import { type ScriptedUpstream, scriptedUpstream } from './support/upstream.ts';
import { token } from './support/waygate.ts';

const POLICY = {
  policy: 'way',
  rules: [
    { id: 'all', allow: ['model.generate', 'model.list'] },
    { id: 'no', deny: 'model.generate', on: 'model/*/forbidden', because: 'it is forbidden' },
  ],
  limits: [
    { id: 'money', budget: '1 USD', every: 'day', per: 'agent' },
    { id: 'calls', budget: '100 calls', every: 'day', per: 'agent' },
  ],
};

let upstream: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  gateway = await startInProcess({ upstreams: { up: chatUpstream(upstream.url) } }, POLICY);
  bearer = await token();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

interface Entry {
  readonly kind: string;
  readonly call?: string;
  readonly ending?: string;
  readonly status?: number;
  readonly error?: { readonly code: string };
  readonly usage?: unknown;
  readonly charge?: { readonly money: number };
}

/** The audit's entries of calls, once there are as many. */
async function entries(count: number): Promise<Entry[]> {
  for (let tries = 0; tries < 200; tries += 1) {
    const dir = join(gateway.dir, 'audit');
    const lines = readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').trim().split('\n'));
    const calls = lines.map((line) => JSON.parse(line) as Entry).filter(({ call }) => call !== undefined);
    if (calls.length >= count) return calls;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`fewer than ${count} entries`);
}

async function remaining(): Promise<number> {
  const text = await gateway.waygate.telemetry.prometheusText();
  return Number(/^waygate_cost_usd_micros\S* (\d+)/m.exec(text)?.[1] ?? 0);
}

describe('the pipeline', () => {
  test('a permitted call goes upstream once, with a permit before and an outcome after, and is charged what it used', async () => {
    const answer = await postChat(gateway.url, bearer);
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'hi' } }] });
    expect(upstream.received).toHaveLength(1);
    expect(upstream.received[0]?.headers.authorization).toBe('Bearer sk-upstream');
    const [permit, outcome] = await entries(2);
    expect(permit).toMatchObject({ kind: 'permit', call: answer.headers.get('waygate-call') });
    expect(outcome).toMatchObject({
      kind: 'outcome',
      call: answer.headers.get('waygate-call'),
      ending: 'complete',
      status: 200,
    });
    expect(await remaining()).toBe(30);
  });

  test.each([
    ['no route', 404, 'route.unknown', () => fetch(`${gateway.url}/nowhere`, { method: 'POST' })],
    ['no token', 401, 'identity.missing', () => fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST' })],
    ['a rule against it', 403, 'policy.denied', () => postChat(gateway.url, bearer, { ...CHAT, model: 'forbidden' })],
    ['no room in a budget', 403, 'limit.budget', () => postChat(gateway.url, bearer, { ...CHAT, max_tokens: 900_000 })],
  ])('a call with %s is refused before anything goes upstream, and leaves one entry', async (_, status, code, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(code);
    expect(upstream.received).toHaveLength(0);
    expect(await entries(1)).toMatchObject([{ kind: 'refusal', ending: 'refused', status, error: { code } }]);
  });

  test.each([
    ['a rule', 'policy.denied', { ...CHAT, model: 'forbidden' }],
    ['a budget', 'limit.budget', { ...CHAT, max_tokens: 900_000 }],
  ])(
    'a request that %s refused is told the same again, with an entry each, until the policies change',
    async (_, code, body) => {
      for (let tries = 0; tries < 3; tries += 1) {
        const answer = await postChat(gateway.url, bearer, body);
        expect(await answer.json()).toMatchObject({ error: { code } });
      }
      const told = await entries(3);
      expect(told.map(({ error }) => error)).toMatchObject([
        { code },
        { code, remembered: true },
        { code, remembered: true },
      ]);
      expect(told[1]).toMatchObject({ kind: 'refusal', decision: { rules: [expect.any(String)] } });
      const text = await gateway.waygate.telemetry.prometheusText();
      expect(text).toContain(`waygate_refusals_remembered_total{waygate_error_code="${code}"} 2`);
      // Another credential is another caller.
      await postChat(gateway.url, await token({ sub: 'ana', jti: 'other' }), body);
      expect((await entries(4))[3]?.error).not.toHaveProperty('remembered');
    },
  );

  test('while an upstream says that it takes nothing more, calls wait instead of being sent', async () => {
    const at: number[] = [];
    upstream.answer = (request, response) => {
      at.push(performance.now());
      response.setHeader('x-ratelimit-remaining-requests', at.length === 1 ? '0' : '9');
      response.setHeader('x-ratelimit-reset-requests', '400ms');
      completion(request, response);
    };
    await (await postChat(gateway.url, bearer)).arrayBuffer();
    const answers = await Promise.all([1, 2, 3].map(() => postChat(gateway.url, bearer)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThan(300);
    expect(await gateway.waygate.telemetry.prometheusText()).toMatch(
      /^waygate_limits_wait_duration_count\{waygate_limit="upstream\/up",waygate_outcome="admitted"\} 3$/m,
    );
  });

  test('where an upstream reserves by what calls use, calls hold that instead of all that they may use', async () => {
    await gateway.close();
    const up = { ...chatUpstream(upstream.url), reserve: 'p99' };
    gateway = await startInProcess({ upstreams: { up } });
    const body = { ...CHAT, max_tokens: 2_000 };
    const quoted = async (call: string | null): Promise<number> => {
      for (;;) {
        const dir = join(gateway.dir, 'audit');
        const lines = readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').trim().split('\n'));
        const line = lines.find((one) => one.includes(`"kind":"permit","call":"${call}"`));
        if (line !== undefined) return (JSON.parse(line) as { quote: { tokens: number } }).quote.tokens;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const first = await postChat(gateway.url, bearer, body);
    await first.arrayBuffer();
    expect(await quoted(first.headers.get('waygate-call'))).toBeGreaterThan(2_000);
    for (let call = 0; call < 200; call += 1) await (await postChat(gateway.url, bearer, body)).arrayBuffer();
    const last = await postChat(gateway.url, bearer, body);
    await last.arrayBuffer();
    expect(await quoted(last.headers.get('waygate-call'))).toBeLessThan(100);
  });

  test('without an audit entry no call is sent, and its reservation is given back', async () => {
    breakAudit(gateway.dir);
    let status = 0;
    for (let tries = 0; tries < 100 && status !== 503; tries += 1) {
      status = (await postChat(gateway.url, bearer)).status;
      if (status === 200) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(503);
    const sent = upstream.received.length;
    const refused = await postChat(gateway.url, bearer);
    expect(await refused.text()).toContain('audit.unavailable');
    expect(upstream.received).toHaveLength(sent);
  });

  test('a call to an upstream that is gone has an outcome, costs nothing, and says that it was not carried out', async () => {
    await upstream.close();
    const answer = await postChat(gateway.url, bearer);
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('was not carried out');
    expect(await entries(2)).toMatchObject([
      { kind: 'permit' },
      { kind: 'outcome', ending: 'failed', status: 502, error: { code: 'upstream.unreachable' } },
    ]);
    expect(await remaining()).toBe(0);
    upstream = await scriptedUpstream();
  });

  test('a stream that breaks ends with an error event, and is charged by what was seen of it', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('some words that were generated'), () => response.destroy());
    };
    const answer = await postChat(gateway.url, bearer, { ...CHAT, stream: true });
    const text = await answer.text();
    expect(text).toContain('some words');
    expect(text).toContain('upstream.broken');
    expect(text).not.toContain('[DONE]');
    expect(await entries(2)).toMatchObject([{ kind: 'permit' }, { kind: 'outcome', ending: 'broken' }]);
    expect(await remaining()).toBeGreaterThan(0);
  });
});
