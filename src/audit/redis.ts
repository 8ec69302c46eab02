import { Cluster, type Redis } from 'ioredis';
import type { Anchor, AnchorStore } from './anchor.ts';

const PREFIX = 'wg:audit:head:';
/** How long the head of a chain is remembered after its last change. */
const KEPT_SECONDS = 400 * 24 * 3_600;
const SCAN_COUNT = 500;
const FORM = /^(\d+) ([0-9a-f]{64}) (\d+)$/;

/** Anchors in Redis: `wg:audit:head:<chain>` → `<seq> <hash> <atMs>`. */
export function redisAnchors(redis: Redis | Cluster): AnchorStore {
  return {
    async put({ chain, seq, hash }, atMs) {
      await redis.set(PREFIX + chain, `${seq} ${hash} ${atMs}`, 'EX', KEPT_SECONDS);
    },
    async list() {
      const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
      const keys = (await Promise.all(nodes.map(scan))).flat();
      const values = await Promise.all(keys.map((key) => redis.get(key)));
      return keys.flatMap((key, index) => parse(key.slice(PREFIX.length), values[index]));
    },
  };
}

async function scan(node: Redis): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await node.scan(cursor, 'MATCH', `${PREFIX}*`, 'COUNT', SCAN_COUNT);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys];
}

// A value of another form is no anchor of ours; the verifier then says that the chain has none.
function parse(chain: string, value: string | null | undefined): Anchor[] {
  const match = FORM.exec(value ?? '');
  if (!match?.[2]) return [];
  return [{ chain, seq: Number(match[1]), hash: match[2], atMs: Number(match[3]) }];
}
