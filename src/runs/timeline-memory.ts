import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { readStep, STEPS_MAX, STEPS_MS, type TimelineStore, writeStep } from './timeline.ts';

const RUNS_MAX = 2_000;

/** Timelines in this process's memory: for one gateway, those of the runs that did something last. */
export function memoryTimelines({ clock }: { readonly clock: Clock }): TimelineStore {
  const perf = { now: () => clock.now() };
  const runs = new LRUCache<string, string[]>({ max: RUNS_MAX, ttl: STEPS_MS, ttlResolution: 0, perf });
  return {
    async append(tenant, steps) {
      for (const { run, step } of steps) {
        const key = `${tenant}\n${run}`;
        const kept = runs.get(key) ?? [];
        kept.push(writeStep(step));
        if (kept.length > STEPS_MAX) kept.shift();
        runs.set(key, kept);
      }
    },
    async read(tenant, run, count) {
      if (count <= 0) return [];
      return (runs.get(`${tenant}\n${run}`) ?? []).slice(-count).flatMap((text) => readStep(text) ?? []);
    },
  };
}
