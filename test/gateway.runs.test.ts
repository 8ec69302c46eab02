// What runs add to the pipeline: held calls, journaled calls, and calls that are cut off.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AdminRequest } from '../src/admin/exchange.ts';
import { CHAT, chatUpstream, chunk, completion, postChat } from './support/chat.ts';
import { type InProcess, startInProcess } from './support/in-process.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from './support/upstream.ts';
import { token } from './support/waygate.ts';

const POLICY = {
  policy: 'way',
  rules: [
    { id: 'all', allow: ['model.generate', 'http.request'] },
    { id: 'asked', hold: 'model.generate', on: 'model/up/asked', approval: { wait: '0s' } },
    // oxlint-disable-next-line unicorn/no-thenable -- the language's own word
    { id: 'once', allow: 'http.request', on: 'http/tickets/POST /issues', then: { journal: true } },
  ],
  limits: [{ id: 'money', budget: '1 USD', every: 'day', per: 'agent' }],
};

let upstream: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  const tickets = { protocol: 'http', url: upstream.url, price: 'free', operations: ['POST /issues'] };
  gateway = await startInProcess({ upstreams: { up: chatUpstream(upstream.url), tickets } }, POLICY);
  bearer = await token();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const viewer = { subject: 'olga', issuer: 'i', roles: ['approver'], tenants: '*', expiresAtMs: Infinity } as const;

async function approve(id: string): Promise<void> {
  const approvals = gateway.waygate.operating.parts?.['approvals'];
  const asked = { viewer, method: 'POST', path: [id, 'approve'], query: {}, body: { tenant: 'acme', reason: 'yes' } };
  expect(await approvals?.(asked as unknown as AdminRequest)).toMatchObject({ status: 200 });
}

const ask = () => postChat(gateway.url, bearer, { ...CHAT, model: 'asked' });
const open = (key: string, body = '{"title":"x"}') =>
  fetch(`${gateway.url}/http/tickets/issues`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'idempotency-key': key },
    body,
  });

describe('a held call', () => {
  test('is refused by the name of its approval, then goes on once', async () => {
    const held = await (await ask()).text();
    await approve(/appr_[\w-]+/.exec(held)?.[0] ?? '');
    expect(upstream.received).toHaveLength(0);
    expect((await ask()).status).toBe(200);
    expect(upstream.received).toHaveLength(1);
  });

  test('that fails before it is sent may use its approval again', async () => {
    await approve(/appr_[\w-]+/.exec(await (await ask()).text())?.[0] ?? '');
    const dear = await postChat(gateway.url, bearer, { ...CHAT, model: 'asked', max_tokens: 900_000 });
    expect(await dear.text()).toContain('limit.budget');
    expect((await ask()).status).toBe(200);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a journaled call', () => {
  test('is sent once, and its repeat is told what it was', async () => {
    upstream.answer = (_, response) => json(response, { id: 7 });
    const first = await open('k1');
    expect(await first.json()).toEqual({ id: 7 });
    const again = await open('k1');
    expect([await again.json(), again.headers.get('waygate-journal')]).toEqual([{ id: 7 }, 'recorded']);
    expect((await open('k1', '{"title":"y"}')).status).toBe(409);
    expect(upstream.received).toHaveLength(1);
  });

  test('whose upstream breaks off is of unknown outcome, and not sent again', async () => {
    upstream.answer = (_, response) => response.destroy();
    expect((await open('k2')).status).toBe(502);
    const again = await open('k2');
    expect(again.status).toBe(409);
    expect(await again.text()).toContain('journal.unknown');
    expect(upstream.received).toHaveLength(1);
  });
});

test('a call that waits for its upstream is cut off when its run is killed', async () => {
  upstream.answer = () => {};
  const { store } = gateway.waygate.operating;
  const waiting = postChat(gateway.url, bearer);
  await expect.poll(() => upstream.received.length).toBe(1);
  const [root] = await store.roots('acme', { from: 0, count: 1 });
  if (!root) throw new Error('no run');
  const stop = { state: 'killed', cause: 'person', by: 'olga', because: 'it is enough', atMs: 0 } as const;
  await store.stop({ tenant: 'acme', root: root.id, run: root.id }, stop);
  const answer = await waiting;
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('it is enough')]);
});

test('a stream that is cut off ends in the error of its dialect', async () => {
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('first'));
  };
  const { store } = gateway.waygate.operating;
  const answer = await postChat(gateway.url, bearer, { ...CHAT, stream: true });
  const stop = { state: 'killed', cause: 'person', by: 'olga', because: 'enough', atMs: 0 } as const;
  await store.stop({ tenant: 'acme', scope: '*' }, stop);
  expect(await answer.text()).toMatch(/first[^]*run\.killed/);
});
