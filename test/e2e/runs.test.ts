// Runs on two gateways over one Redis, as their clients and operators see them.
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { CHAT, chatUpstream, chunk, COMPLETION, postChat } from '../support/chat.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const SESSION = 'x-claude-code-session-id';
const AGENT = 'x-claude-code-agent-id';
const PARENT = 'x-claude-code-parent-agent-id';

let upstream: ScriptedUpstream;
let gateways: Waygate[] = [];
let bearer: string;

const start = (): Promise<Waygate> =>
  startWaygate({
    config: {
      upstreams: { up: chatUpstream(upstream.url) },
      store: { kind: 'redis', url: inject('redisUrl') },

      admin: { operators: OPERATORS },
      limits: { waitMs: 10_000 },
    },
    env: { UPSTREAM_KEY: 'k' },
  });

beforeAll(async () => {
  upstream = await scriptedUpstream();
  gateways = [await start(), await start()];
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await upstream.close();
});
beforeEach(async () => {
  upstream.answer = (_, response) => json(response, COMPLETION);
  bearer = await token({ sub: crypto.randomUUID() });
});

const at = (index: number): Waygate => gateways[index] as Waygate;

function call(gateway: number, headers: Record<string, string>, body: unknown = CHAT): Promise<Response> {
  const all = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...headers };
  return postChat(at(gateway).url, bearer, body, { headers: all });
}

const runOf = (response: Response): string => response.headers.get('waygate-run') ?? '';

describe('runs on two gateways', () => {
  test('one tree, whichever gateway its calls took, with the totals of what its models used', async () => {
    const root = runOf(await call(0, { [SESSION]: 's1' }));
    const child = runOf(await call(1, { [SESSION]: 's1', [AGENT]: 'a1' }));
    await call(0, { [SESSION]: 's1', [AGENT]: 'a1' });
    await call(1, { [SESSION]: 's1', [AGENT]: 'a2', [PARENT]: 'a1' });
    await expect
      .poll(async () => (await operate(at(1), `runs/${root}/tree?tenant=acme`)).body)
      .toMatchObject({
        runs: [
          {
            id: root,
            depth: 0,
            name: 's1',
            own: { steps: 1, tokens: 15, money: 30 },
            all: { steps: 4, money: 120 },
          },
          { id: child, parent: root, name: 'a1', own: { steps: 2 }, all: { steps: 3 } },
          { parent: child, depth: 2, name: 'a2', own: { steps: 1 } },
        ],
      });
  });

  test('a branch that is killed: its streams on both end in the error event of their dialect, the rest goes on', async () => {
    upstream.answer = ({ body }, response) => {
      if (!body.toString().includes('"stream":true')) return json(response, COMPLETION);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('first'));
    };
    const child = runOf(await call(0, { [SESSION]: 's', [AGENT]: 'a1' }));
    const open = (gateway: number, headers: Record<string, string>) =>
      call(gateway, { [SESSION]: 's', ...headers }, { ...CHAT, stream: true });
    const doomed = [await open(0, { [AGENT]: 'a1' }), await open(1, { [AGENT]: 'a2', [PARENT]: 'a1' })];
    const spared = await open(1, { [AGENT]: 'b1' });
    const killed = await operate(at(0), `runs/${child}/kill`, { tenant: 'acme', reason: 'it deletes things' });
    expect(killed.status).toBe(200);
    const acknowledged = performance.now();
    const texts = await Promise.all(doomed.map((response) => response.text()));
    expect(performance.now() - acknowledged).toBeLessThan(2_000);
    for (const text of texts)
      expect(text).toMatch(
        /first[^]*data: \{"error":[^]*run\.killed[^]*it deletes things|first[^]*it deletes things[^]*run\.killed/,
      );
    for (const gateway of [0, 1]) {
      const refused = await call(gateway, { [SESSION]: 's', [AGENT]: 'a1' });
      expect(refused.status).toBe(403);
      expect(refused.headers.get('x-should-retry')).toBe('false');
      expect(await refused.json()).toMatchObject({ error: { code: 'run.killed' } });
      expect((await call(gateway, { [SESSION]: 's', [AGENT]: 'b1' })).status).toBe(200);
    }
    const reader = spared.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('first');
    await reader?.cancel();
  });

  test('a killed run stays dead after a restart of its gateways', async () => {
    const root = runOf(await call(0, { [SESSION]: 'dead' }));
    await operate(at(1), `runs/${root}/kill`, { tenant: 'acme', reason: 'over' });
    const fresh = await start();
    const answer = await postChat(fresh.url, bearer, CHAT, {
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', [SESSION]: 'dead' },
    });
    await fresh.stop();
    expect(answer.status).toBe(403);
  });

  test('the calls of a paused run wait, and go on when it does', async () => {
    const root = runOf(await call(0, { [SESSION]: 'p' }));
    expect((await operate(at(0), `runs/${root}/pause`, { tenant: 'acme', reason: 'lunch' })).status).toBe(200);
    const before = upstream.received.length;
    const waiting = [call(0, { [SESSION]: 'p' }), call(1, { [SESSION]: 'p' })];
    await expect(Promise.race([...waiting, new Promise((resolve) => setTimeout(resolve, 700, 'waits'))])).resolves.toBe(
      'waits',
    );
    expect(upstream.received.length).toBe(before);
    await operate(at(1), `runs/${root}/resume`, { tenant: 'acme', reason: 'back' });
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test('an agent that is stopped is stopped in every run of its tenant', async () => {
    const agent = `bot-${crypto.randomUUID().slice(0, 8)}`;
    bearer = await token({ agent });
    await call(0, { [SESSION]: 'x' });
    const stopped = await operate(at(0), 'stops', {
      tenant: 'acme',
      scope: `agent:${agent}`,
      state: 'killed',
      reason: 'bad',
    });
    expect(stopped.status).toBe(200);
    expect((await call(0, { [SESSION]: 'x' })).status).toBe(403);
    expect((await call(1, { [SESSION]: 'new' })).status, 'a tree that its gateway has not seen').toBe(403);
    bearer = await token({ agent: 'other' });
    expect((await call(1, { [SESSION]: 'x' })).status).toBe(200);
  });
});
