import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Anchor, type AnchorStore, startAnchoring } from '../../src/audit/anchor.ts';
import { redisAnchors } from '../../src/audit/redis.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { auditBench, entry, NOW_MS } from './bench.ts';

const HASH = 'ab'.repeat(32);

function memoryAnchors(): AnchorStore & { readonly puts: Anchor[]; fail: boolean } {
  const puts: Anchor[] = [];
  return {
    puts,
    fail: false,
    async put(head, atMs) {
      if (this.fail) throw new Error('the store is down');
      puts.push({ ...head, atMs });
    },
    list: async () => puts,
  };
}

describe('anchoring', () => {
  test('puts the head at once, as it grows, and at the end', async () => {
    const { log } = await auditBench();
    const store = memoryAnchors();
    const anchoring = startAnchoring({ log, store, now: () => NOW_MS, everyMs: 5, onFailure: () => {} });
    expect(store.puts).toEqual([{ ...log.head, atMs: NOW_MS }]);
    await log.append(entry('permit', 'a'));
    await expect.poll(() => store.puts.at(-1)?.seq).toBe(2);
    await log.close();
    await anchoring.close();
    expect(store.puts.at(-1)).toEqual({ ...log.head, atMs: NOW_MS });
    expect(store.puts.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test('a store that is down is told of and holds up nothing; the next head covers what was missed', async () => {
    const { log } = await auditBench();
    const store = memoryAnchors();
    store.fail = true;
    const failures: unknown[] = [];
    const anchoring = startAnchoring({
      log,
      store,
      now: () => NOW_MS,
      everyMs: 5,
      onFailure: (cause) => void failures.push(cause),
    });
    await log.append(entry('permit', 'a'));
    await expect.poll(() => failures.length).toBeGreaterThan(1);
    store.fail = false;
    await expect.poll(() => store.puts.at(-1)?.seq).toBe(2);
    await anchoring.close();
    await log.close();
  });

  test('a chain that is closed and then anchored is vouched for to its last line', async () => {
    const { dir, log } = await auditBench();
    const store = memoryAnchors();
    const anchoring = startAnchoring({ log, store, now: () => NOW_MS, everyMs: 60_000, onFailure: () => {} });
    await log.append(entry('permit', 'a'));
    await log.append(entry('outcome', 'a'));
    await log.close();
    await anchoring.close();
    expect(await verifyAudit([dir], store.puts.slice(-1))).toMatchObject({
      ok: true,
      notes: [],
      chains: [{ lines: 4, anchoredTo: 4, openPermits: 0 }],
    });
  });
});

describe('anchors in Redis', () => {
  let redis: Redis;
  beforeEach(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterEach(async () => {
    for (const key of await redis.keys('wg:audit:head:anchor-test*')) await redis.del(key);
    await redis.quit();
  });
  const ours = (anchors: readonly Anchor[]): readonly Anchor[] =>
    anchors
      .filter(({ chain }) => chain.startsWith('anchor-test'))
      .sort((left, right) => left.chain.localeCompare(right.chain));

  test('the last head of each chain is kept for 400 days', async () => {
    const store = redisAnchors(redis);
    await store.put({ chain: 'anchor-test-1', seq: 3, hash: HASH }, 10);
    await store.put({ chain: 'anchor-test-1', seq: 9, hash: 'cd'.repeat(32) }, 20);
    await store.put({ chain: 'anchor-test-2', seq: 1, hash: HASH }, 30);
    expect(ours(await store.list())).toEqual([
      { chain: 'anchor-test-1', seq: 9, hash: 'cd'.repeat(32), atMs: 20 },
      { chain: 'anchor-test-2', seq: 1, hash: HASH, atMs: 30 },
    ]);
    const seconds = await redis.ttl('wg:audit:head:anchor-test-1');
    expect(seconds).toBeGreaterThan(399 * 86_400);
  });

  test('more chains than one scan brings are all there, and rubbish is none', async () => {
    const store = redisAnchors(redis);
    for (let index = 0; index < 700; index += 1)
      await store.put({ chain: `anchor-test-${index}`, seq: 1, hash: HASH }, 1);
    await redis.set('wg:audit:head:anchor-test-rubbish', 'x');
    expect(ours(await store.list())).toHaveLength(700);
  });
});
