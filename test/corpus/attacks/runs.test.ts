// Section 3K: runs of others, trees without end, and stops that are outrun.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { stopBy } from '../../runs/stores.ts';
import { CHAT, chatUpstream, chunk, completion, postChat } from '../../support/chat.ts';
import { type InProcess, startInProcess } from '../../support/in-process.ts';
import { ALLOW_ALL, token } from '../../support/waygate.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../../support/upstream.ts';

const CHILDREN = 25;
const POLICY = {
  ...ALLOW_ALL,
  limits: [{ id: 'size', max: { depth: 3, children: CHILDREN } }],
};
const CLAUDE = 'x-claude-code';

let upstream: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;

async function start(policy: unknown): Promise<void> {
  gateway = await startInProcess({ upstreams: { up: chatUpstream(upstream.url) }, limits: { waitMs: 0 } }, policy);
}

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  bearer = await token();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

interface Told {
  readonly status: number;
  readonly run: RunId;
  readonly text: string;
}

function send(headers: Record<string, string>, body: unknown = CHAT, who = bearer): Promise<Response> {
  const all = { authorization: `Bearer ${who}`, 'content-type': 'application/json', ...headers };
  return postChat(gateway.url, who, body, { headers: all });
}

async function call(headers: Record<string, string>, who = bearer): Promise<Told> {
  const answer = await send(headers, CHAT, who);
  const text = await answer.text();
  return { status: answer.status, run: (answer.headers.get('waygate-run') ?? '') as RunId, text };
}

const kill = (root: RunId, run = root): Promise<boolean> =>
  gateway.waygate.operating.store.stop({ tenant: 'acme', root, run }, stopBy('killed'));
const steps = async (root: RunId): Promise<number> => {
  const { facts } = await gateway.waygate.operating.store.tree('acme', root);
  return facts.counts.get('steps') ?? 0;
};

describe('runs', () => {
  test('R-01 whoever names the run of another has one of its own', async () => {
    await start(ALLOW_ALL);
    const mine = await call({ 'waygate-run': 'task' });
    const other = await token({ sub: 'mallory' });
    const told = await Promise.all([
      call({ 'waygate-run': 'task' }, other),
      call({ 'waygate-run': mine.run }, other),
      call({ 'waygate-run': `${mine.run}/child` }, other),
      call({ [`${CLAUDE}-session-id`]: mine.run }, other),
    ]);
    const { runs } = await gateway.waygate.operating.store.tree('acme', mine.run);
    expect(runs.map(({ id, subject }) => [id, subject])).toEqual([[mine.run, 'ana']]);
    expect(new Set([mine.run, ...told.map(({ run }) => run)]).size, "a name is one run, header or hint").toBe(4);
    await kill(mine.run);
    expect((await call({ 'waygate-run': 'task' })).status).toBe(403);
    expect((await call({ 'waygate-run': 'task' }, other)).status).toBe(200);
  });

  test.each([4, 32])('R-03 that lie %i below their root are refused where a policy says how deep', async (depth) => {
    await start(POLICY);
    const path = Array.from({ length: depth + 1 }, (_, level) => `l${level}`).join('/');
    const { status, text } = await call({ 'waygate-run': path });
    // A path of more names than anybody writes by hand is none, and the call is the principal's own.
    expect(status).toBe(depth < 32 ? 403 : 200);
    if (depth < 32) expect(text).toContain('limit.tree');
  });

  test('R-03 one more than may begin is refused, however many ask at once', async () => {
    await start(POLICY);
    await call({ 'waygate-run': 'task' });
    const all = await Promise.all(
      Array.from({ length: 4 * CHILDREN }, (_, index) => call({ 'waygate-run': `task/${index}` })),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(CHILDREN);
    for (const { status, text } of all) if (status !== 200) expect(text).toContain('limit.tree');
  });

  test('R-03 that name themselves, or each other, as their parent have a place all the same', async () => {
    await start(POLICY);
    const hint = (agent: string, parent: string): Record<string, string> => ({
      [`${CLAUDE}-session-id`]: 's',
      [`${CLAUDE}-agent-id`]: agent,
      [`${CLAUDE}-parent-agent-id`]: parent,
    });
    const [self, one, other] = [await call(hint('a', 'a')), await call(hint('b', 'c')), await call(hint('c', 'b'))];
    for (const headers of [hint('a', 'a'), hint('b', 'c'), hint('c', 'b')])
      expect((await call(headers)).status).toBe(200);
    const { run } = await call({ [`${CLAUDE}-session-id`]: 's' });
    const { runs } = await gateway.waygate.operating.store.tree('acme', run);
    expect(runs.map(({ id, path }) => [id, path])).toEqual(
      expect.arrayContaining([
        [self.run, [run, self.run]],
        [one.run, [run, one.run]],
        [other.run, [run, one.run, other.run]],
      ]),
    );
  });

  test('R-04 a root that is killed with 500 runs below it and 50 streams: all end, and nothing more goes up', { timeout: 60_000 }, async () => {
    await start(ALLOW_ALL);
    const { run: root } = await call({ 'waygate-run': 'swarm' });
    const paths = Array.from({ length: 500 }, (_, index) => `swarm/b${index % 10}/l${index}`);
    await Promise.all(paths.map((path) => call({ 'waygate-run': path })));
    upstream.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('first'));
    const streams = await Promise.all(
      paths.slice(0, 50).map((path) => send({ 'waygate-run': path }, { ...CHAT, stream: true })),
    );
    const texts = Promise.all(streams.map((response) => response.text()));
    expect(await kill(root)).toBe(true);
    const acknowledged = performance.now();
    const sent = upstream.received.length;
    for (const text of await texts) expect(text).toContain('run.killed');
    expect(performance.now() - acknowledged).toBeLessThan(2_000);
    const after = await Promise.all(paths.map((path) => call({ 'waygate-run': path })));
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([403]));
    expect(upstream.received.length).toBe(sent);
  });

  test('R-05 of 1,000 calls that begin around a kill none is admitted behind it', { timeout: 60_000 }, async () => {
    await start(ALLOW_ALL);
    const { run: root } = await call({ 'waygate-run': 'race' });
    let made = 0;
    let atKill: Promise<number> | undefined;
    const caller = async (): Promise<void> => {
      while (made < 1_000) {
        made += 1;
        await call({ 'waygate-run': `race/${made % 7}` });
        // Whatever is admitted before the acknowledgement counts; nothing else does.
        if (made > 400) atKill ??= kill(root).then(() => steps(root));
      }
    };
    await Promise.all(Array.from({ length: 50 }, caller));
    expect(await atKill).toBeGreaterThan(300);
    expect(await steps(root)).toBe(await atKill);
    expect(upstream.received.length).toBe(await atKill);
  });
});
