// INVARIANT: it answers as scripts/loops.lua does (test/runs/loop-contract.ts).
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { type Chain, CHAIN_MS, CHAINS_MAX, IDS_MAX, type LoopQuestion, type LoopStore } from './loop-store.ts';

interface Kept {
  readonly count: number;
  readonly last: number;
  readonly result: string;
  readonly ids: readonly string[];
}

const TREES_MAX = 10_000;

/** What trees of runs repeat, in this process's memory. */
export function memoryLoops({ clock }: { readonly clock: Clock }): LoopStore {
  const perf = { now: () => clock.now() };
  const trees = new LRUCache<string, Map<string, Kept>>({ max: TREES_MAX, ttl: CHAIN_MS, ttlResolution: 0, perf });

  function answer(chains: Map<string, Kept>, question: LoopQuestion): Chain {
    const now = clock.now();
    const found = chains.get(question.call);
    const kept = found && now - found.last < CHAIN_MS ? found : undefined;
    const isKnown = question.kind === 'note' && kept?.ids.includes(question.id) === true;
    if (question.kind === 'look' || isKnown) {
      return kept ? { count: kept.count, sinceMs: now - kept.last, isNew: !isKnown } : NONE;
    }
    const { call, result, id } = question;
    const count = kept?.result === result ? kept.count + 1 : 1;
    chains.set(call, { count, last: now, result, ids: [...(kept?.ids ?? []), id].slice(-IDS_MAX) });
    return { count, sinceMs: 0, isNew: true };
  }

  return {
    async ask(tenant, root, questions) {
      const key = `${tenant}\n${root}`;
      const chains = trees.get(key) ?? new Map<string, Kept>();
      const answers = questions.map((question) => answer(chains, question));
      if (!questions.some(({ kind }) => kind === 'note')) return answers;
      trim(chains);
      trees.set(key, chains);
      return answers;
    },
  };
}

const NONE: Chain = { count: 0, sinceMs: 0, isNew: true };

function trim(chains: Map<string, Kept>): void {
  if (chains.size <= CHAINS_MAX) return;
  const byAge = [...chains].toSorted(([one, { last }], [other, kept]) => last - kept.last || (one < other ? -1 : 1));
  for (const [call] of byAge.slice(0, -Math.floor(CHAINS_MAX / 2))) chains.delete(call);
}
