import type { Clock } from '../core/clock.ts';
import { escaped, tenantPrefix } from '../core/store-keys.ts';
import { CHAIN_MS, CHAINS_MAX, IDS_MAX, type LoopQuestion, type LoopStore } from './loop-store.ts';
import { runScript, type ScriptClient } from './scripts.ts';

const LOOPS = runScript('loops');

/** What trees of runs repeat, in Redis. Rejects where the connection does. */
export function redisLoops(client: ScriptClient, clock?: Clock): LoopStore {
  return {
    async ask(tenant, root, questions) {
      const keys = [`${tenantPrefix(tenant)}loops:${escaped(root)}`];
      const bounds = [CHAIN_MS, CHAINS_MAX, IDS_MAX].map(String);
      const words = questions.map(wordsOf).join(' ');
      const now = clock ? String(clock.now()) : '-';
      const lines = await client.run(() => ({ script: LOOPS, keys, args: [now, ...bounds, words] }));
      return String(lines)
        .split('\n')
        .map((line) => {
          const [count = 0, sinceMs = 0, isNew = 1] = line.split(' ').map(Number);
          return { count, sinceMs, isNew: isNew === 1 };
        });
    },
  };
}

function wordsOf(question: LoopQuestion): string {
  if (question.kind === 'look') return `look ${question.call}`;
  return `note ${question.call} ${question.result} ${question.id}`;
}
