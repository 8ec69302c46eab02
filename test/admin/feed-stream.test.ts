import { expect, test } from 'vitest';
import type { AdminRequest } from '../../src/admin/exchange.ts';
import { openFeed } from '../../src/admin/feed-stream.ts';
import type { Listener } from '../../src/admin/following.ts';
import { NEW_TREE } from '../../src/core/run.ts';
import { seenTree } from '../../src/runs/tree-totals.ts';
import { HandClock, NOW_MS } from '../identity/issuer.ts';
import { record } from '../runs/records.ts';
import { handStore } from './run-store.ts';

const request: AdminRequest = {
  viewer: { subject: 'olga', issuer: 'x', roles: ['viewer'], tenants: '*', expiresAtMs: NOW_MS + 60_000 },
  method: 'GET',
  path: ['feed'],
  query: {},
  body: undefined,
};

function opened(room = true) {
  const over = new AbortController();
  let tell: Listener = () => {};
  let left = 0;
  const feed = {
    signal: over.signal,
    follow(_: unknown, listener: Listener) {
      tell = listener;
      return room ? () => void (left += 1) : undefined;
    },
    close: () => over.abort(),
  };
  const answer = openFeed({ store: handStore(), clock: new HandClock(), feed }, request);
  return { answer, feed, tell: (...told: Parameters<Listener>) => tell(...told), left: () => left };
}

test('a listener that does not keep up is cut off, and then told no more', async () => {
  const { answer, tell, left } = opened();
  const { body } = await answer;
  const [run] = seenTree({ runs: [record('run_root')], facts: NEW_TREE, everything: undefined });
  const some = Array.from({ length: 200 }, () => ({ kind: 'totals' as const, run: run as NonNullable<typeof run> }));
  let told = 0;
  while (left() === 0 && told < 1_000) {
    tell(some);
    told += 1;
  }
  expect(left()).toBe(1);
  tell(some);
  const text = await new Response(body).text();
  expect(text.match(/^event: totals$/gm)).toHaveLength(told * 200);
  expect(text.length).toBeLessThan(2 * 1_048_576);
});

test('a listener that goes away, or whose server ends, leaves', async () => {
  const away = opened();
  await (await away.answer).body?.cancel();
  expect(away.left()).toBe(1);
  const ended = opened();
  const { body } = await ended.answer;
  ended.feed.close();
  expect(ended.left()).toBe(1);
  expect(await new Response(body).text()).toBe('');
});

test('where as many listen as may, the next one is told to come back', async () => {
  await expect(opened(false).answer).rejects.toMatchObject({ reply: { status: 503 } });
});
