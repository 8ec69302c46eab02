import type { RunId } from '../core/ids.ts';
import { escaped, tenantPrefix } from '../core/store-keys.ts';
import { runScript, type ScriptClient } from './scripts.ts';
import { readStep, STEPS_MAX, STEPS_MS, type StepOf, type TimelineStore, writeStep } from './timeline.ts';

const APPEND = runScript('steps-append');
const READ = runScript('steps-read');
/** Steps that one script appends: they keep Redis busy for less than a millisecond. */
const TOGETHER_MAX = 500;

/** Timelines in Redis. Rejects where the connection does. */
export function redisTimelines(client: ScriptClient): TimelineStore {
  async function append(tenant: string, steps: readonly StepOf[]): Promise<void> {
    const byRun = Map.groupBy(steps, ({ run }) => run);
    const keys = [...byRun.keys()].map((run) => stepsKey(tenant, run));
    const words = [...byRun.values()].flatMap((own) => [String(own.length), ...own.map(({ step }) => writeStep(step))]);
    await client.run(() => ({ script: APPEND, keys, args: [String(STEPS_MAX), String(STEPS_MS), ...words] }));
  }
  return {
    async append(tenant, steps) {
      for (let start = 0; start < steps.length; start += TOGETHER_MAX) {
        await append(tenant, steps.slice(start, start + TOGETHER_MAX));
      }
    },
    async read(tenant, run, count) {
      if (count <= 0) return [];
      const keys = [stepsKey(tenant, run)];
      const texts = await client.run(() => ({ script: READ, keys, args: [String(count)] }));
      return (texts as readonly string[]).flatMap((text) => readStep(text) ?? []);
    },
  };
}

function stepsKey(tenant: string, run: RunId): string {
  return `${tenantPrefix(tenant)}steps:${escaped(run)}`;
}
