import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { onTestFinished, describe, expect, test } from 'vitest';
import { runFeed } from '../../src/admin/feed.ts';
import type { RunView } from '../../src/admin/run-view.ts';
import { HandClock, NOW } from '../identity/issuer.ts';
import { NOW_MS, record, stop } from '../runs/records.ts';
import { listening, operatorToken, RANKED } from './listening.ts';
import { handStore } from './run-store.ts';

const viewer = operatorToken([RANKED.viewer], { tenants: '*' });

interface Told {
  readonly kind: string;
  readonly run: RunView;
}

/** Listens until the test ends; `next` waits for the next event. */
async function listen(url: string, query = '', token = viewer) {
  const sent = request(`${url}/api/runs/feed${query}`, { headers: { authorization: `Bearer ${token}` } });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end();
  });
  onTestFinished(() => void sent.destroy());
  const lines = createInterface(answer)[Symbol.asyncIterator]();
  let kind = '';
  async function next(): Promise<Told | undefined> {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return undefined;
      if (value.startsWith('event: ')) kind = value.slice('event: '.length);
      else if (value.startsWith('data: ')) return { kind, run: JSON.parse(value.slice('data: '.length)) as RunView };
    }
  }
  return { answer, next, leave: () => sent.destroy() };
}

describe('the feed', () => {
  test('tells of runs that begin, change their state and use something, and of nothing that was before', async () => {
    const { url, store } = await listening();
    const root = record('run_root');
    store.put('default', root);
    const { answer, next } = await listen(url);
    expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    expect(await next()).toMatchObject({ kind: 'ready' });

    store.put('default', record('run_child', root, { steps: 1 }));
    expect(await next()).toMatchObject({
      kind: 'totals',
      run: { id: 'run_root', tenant: 'default', all: { steps: 2 } },
    });
    expect(await next()).toMatchObject({ kind: 'begun', run: { id: 'run_child', own: { steps: 1 }, state: 'live' } });

    await store.stop({ tenant: 'default', root: root.id, run: root.id }, stop('killed'));
    expect(await next()).toMatchObject({ kind: 'state', run: { id: 'run_root', state: 'killed' } });
    expect(await next()).toMatchObject({
      kind: 'state',
      run: { id: 'run_child', state: 'killed', stops: [{ cause: 'parent' }] },
    });

    store.put('default', record('run_new', undefined, { bornMs: NOW_MS + 1 }));
    expect(await next()).toMatchObject({ kind: 'begun', run: { id: 'run_new' } });
  });

  test('of one tree tells of no other', async () => {
    const { url, store } = await listening();
    const [one, other] = [record('run_one'), record('run_other')];
    const child = record('run_child', one);
    for (const run of [one, other, child]) store.put('default', run);
    const { next } = await listen(url, '?root=run_child');
    expect(await next()).toMatchObject({ kind: 'ready' });
    store.put('default', { ...other, steps: 5 });
    store.put('default', { ...child, steps: 7 });
    expect(await next()).toMatchObject({ kind: 'totals', run: { id: 'run_one', all: { steps: 8 } } });
    expect(await next()).toMatchObject({ kind: 'totals', run: { id: 'run_child' } });
  });

  test('of a tree that nobody knows is 404', async () => {
    const { ask } = await listening();
    expect((await ask('/api/runs/feed?root=run_none')).status).toBe(404);
    expect((await ask('/api/runs/feed', { method: 'POST' })).status).toBe(405);
  });

  test('says once that the store does not answer, and goes on when it does', async () => {
    const { url, store } = await listening();
    const root = record('run_root');
    store.put('default', root);
    const { next } = await listen(url);
    expect(await next()).toMatchObject({ kind: 'ready' });
    store.down.add('default');
    expect(await next()).toMatchObject({ kind: 'unavailable' });
    store.down.clear();
    store.put('default', { ...root, steps: 2 });
    expect(await next()).toMatchObject({ kind: 'totals', run: { all: { steps: 2 } } });
  });

  test('ends with the server, which does not wait for it', async () => {
    const opened = await listening();
    const { next } = await listen(opened.url);
    expect(await next()).toMatchObject({ kind: 'ready' });
    opened.feed.close();
    expect(await next()).toBeUndefined();
    await opened.close();
  });

  test('ends with the token of who listens', async () => {
    const { url } = await listening();
    const short = operatorToken([RANKED.viewer], { tenants: '*', exp: NOW + 0.05 });
    const { next } = await listen(url, '', short);
    let last = await next();
    while (last) last = await next();
    expect(last).toBeUndefined();
  });

  test('reads the store only while somebody listens, and once for all of them', async () => {
    const { url, store } = await listening();
    let readings = 0;
    const roots = store.roots.bind(store);
    store.roots = (...page) => {
      readings += 1;
      return roots(...page);
    };
    expect(readings).toBe(0);
    const first = await listen(url);
    const second = await listen(url);
    expect(await first.next()).toMatchObject({ kind: 'ready' });
    expect(await second.next()).toMatchObject({ kind: 'ready' });
    first.leave();
    store.put('default', record('run_new', undefined, { bornMs: NOW_MS + 1 }));
    expect(await second.next()).toMatchObject({ kind: 'begun' });
    second.leave();
    await expect.poll(() => readings, { interval: 40, timeout: 2_000 }).toSatisfy(stands());
  });

  test('reads large trees in turns, so that none of them hides another', async () => {
    const { url, store } = await listening();
    const large = record('run_large', undefined, { lastMs: NOW_MS + 1 });
    const small = record('run_small');
    for (const run of [large, small]) store.put('default', run);
    for (let index = 0; index < 5_000; index++) store.put('default', record(`run_${index}`, large));
    const { next } = await listen(url);
    expect(await next()).toMatchObject({ kind: 'ready' });
    store.put('default', { ...small, steps: 2 });
    store.put('default', { ...large, steps: 3 });
    const told: Record<string, number> = {};
    while (told['run_small'] !== 2 || told['run_large'] !== 3) {
      const { run } = (await next()) as Told;
      told[run.id] = run.own.steps;
    }
    expect(Object.keys(told).toSorted()).toEqual(['run_large', 'run_small']);
  });

  test('has room for so many, and makes room when one goes', () => {
    const feed = runFeed({ store: handStore(), clock: new HandClock() });
    const topic = { tenant: 'default', root: undefined };
    const leaves = Array.from({ length: 100 }, () => feed.follow(topic, () => {}));
    expect(leaves.every((leave) => leave !== undefined)).toBe(true);
    expect(feed.follow(topic, () => {})).toBeUndefined();
    leaves[0]?.();
    leaves[0]?.();
    const again = feed.follow(topic, () => {});
    expect(again).toBeDefined();
    expect(feed.follow(topic, () => {})).toBeUndefined();
    for (const leave of [...leaves, again]) leave?.();
  });
});

/** Whether a count is what it was when it was looked at last. */
function stands(): (count: number) => boolean {
  let before: number | undefined;
  return (count) => {
    const isSame = count === before;
    before = count;
    return isSame;
  };
}
