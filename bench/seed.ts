// Live runs in a Redis, as admissions and settlements leave them there.
import type { CallId, RunId } from '../src/core/ids.ts';
import type { MicroUsd } from '../src/core/money.ts';
import { NEW_TREE, type Run } from '../src/core/run.ts';
import { runKeys } from '../src/core/store-keys.ts';
import { connectRedis, type RedisClient } from '../src/limits/redis.ts';
import { redisStore } from '../src/limits/redis-store.ts';
import type { LedgerStore } from '../src/limits/store.ts';

const TENANT = 'bench';
/** As a large task begins them. */
const RUNS_A_TREE = 300;
const TOGETHER = 2_000;
const SAMPLE = 200;
const CHARGE = { tokens: 1_000, money: 5_000 as MicroUsd };
const ACTIONS = ['model.generate', 'tool.call'] as const;

const hex = (number: number): string => number.toString(16).padStart(24, '0');
const runId = (tree: number, index: number): RunId => `run_${hex(tree * RUNS_A_TREE + index + 1)}` as RunId;

/** Half of a tree's runs are below its root, the others below those. */
function runOf(number: number): Run {
  const [tree, index] = [Math.floor(number / RUNS_A_TREE), number % RUNS_A_TREE];
  const root = runId(tree, 0);
  const above = index > RUNS_A_TREE / 2 ? [root, runId(tree, index - RUNS_A_TREE / 2)] : [root];
  const path = index === 0 ? [root] : [...above, runId(tree, index)];
  const id = path.at(-1) as RunId;
  const place = { id, root, parent: path.at(-2), depth: path.length - 1, path };
  return { ...place, name: `sub-agent-${index}-of-task-${tree}`, source: 'header', tree: NEW_TREE };
}

/** Begins so many runs, each with a model's call and a tool's. Gives what one takes of Redis, in bytes. */
export async function seedRuns(url: string, count: number): Promise<number> {
  const client = connectRedis({ url, commandTimeoutMs: 60_000 });
  await client.connected();
  try {
    const store = redisStore({ client });
    for (let start = 0; start < count; start += TOGETHER) {
      const some = Array.from({ length: Math.min(TOGETHER, count - start) }, (_, index) => runOf(start + index));
      for (const action of ACTIONS) await Promise.all(some.map((run) => callIn(store, { run, action })));
    }
    return await bytesARun(client, count);
  } finally {
    client.close();
  }
}

async function callIn(
  store: LedgerStore,
  { run, action }: { readonly run: Run; readonly action: (typeof ACTIONS)[number] },
): Promise<void> {
  const call = `call_seed_${run.id}_${action}` as CallId;
  const who = { agent: 'bench', subject: 'service-account:bench@example.com' };
  const admission = { run, ...who, action, quote: CHARGE, labels: [], counts: [], adds: [] };
  const { kind } = await store.admit({ tenant: TENANT, call, chain: [], leaseMs: 60_000, run: admission });
  if (kind !== 'admitted') throw new Error(`a seeded call was \`${kind}\``);
  await store.settle({ tenant: TENANT, call, actual: [], run: { charge: CHARGE, isError: false } });
}

/** A run's own key, and its share of its tree's. */
async function bytesARun({ connection }: RedisClient, count: number): Promise<number> {
  const keys = runKeys(TENANT);
  const usage = async (key: string): Promise<number> => Number(await connection.memory('USAGE', key, 'SAMPLES', 0));
  let bytes = 0;
  for (let index = 0; index < SAMPLE; index += 1) {
    const number = Math.floor((index * count) / SAMPLE);
    const { id, root } = runOf(number);
    const first = number - (number % RUNS_A_TREE);
    const runs = Math.min(RUNS_A_TREE, count - first);
    const shared = (await usage(keys.nodes(root))) + (await usage(keys.tree(root)));
    bytes += (await usage(keys.run(id))) + shared / runs;
  }
  return bytes / SAMPLE;
}
