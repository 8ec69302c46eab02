// One swarm from start to end: its scene, its task, and what is written down of it afterwards.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RunView } from '../../src/admin/run-view.ts';
import { tenantKeys } from '../../src/limits/redis-keys.ts';
import { readAudit } from './books.ts';
import type { Counts } from './counts.ts';
import { operate } from './operators.ts';
import { planSwarm } from './plan.ts';
import { type LineageKind, type Scene, startScene } from './scene.ts';
import { type Outcome, runTask } from './swarm.ts';
import { judge, type Read, type Verdict } from './verdict.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Settlements of streams that were cut come a moment after their end. */
const QUIET_MS = 30_000;

export interface SwarmOptions {
  readonly agents: number;
  readonly steps: number;
  readonly lineage: LineageKind;
  /** Calls under way at once. */
  readonly width: number;
}

export interface Shown {
  readonly outcome: Outcome;
  /** Of the whole tree. */
  readonly all: RunView['all'];
  /** By `model/NAME` and `tool/NAME`: calls that came to the upstreams. */
  readonly served: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** What `waygate runs tree` prints, and `waygate audit verify`. */
  readonly drawn: string;
  readonly proof: string;
  /** What was read, and what is to be said of it. */
  readonly read: Read;
  readonly verdicts: readonly Verdict[];
}

/** Throws where the task itself breaks off, with what the gateways said last. */
export async function showSwarm(options: SwarmOptions): Promise<Shown> {
  const scene = await startScene(options);
  try {
    const plan = planSwarm(options.agents, options.steps);
    const outcome = await runTask(scene, plan, options);
    await quiet(scene);
    const { tree, drawn } = await readTree(scene);
    const counts = (await (await fetch(`${scene.upstreams.url}/counts`)).json()) as Counts;
    await scene.settle();
    const dirs = scene.gateways.map(({ audit }) => audit);
    const audited = await readAudit(dirs);
    const proven = waygate(['audit', 'verify', ...dirs, '--redis', 'env:SWARM_REDIS'], { SWARM_REDIS: scene.redisUrl });
    const read = { plan, outcome, tree, audited, counts, questions: scene.questions.asked() };
    return {
      outcome,
      all: (tree[0] as RunView).all,
      served: servedOf(counts),
      refused: audited.refused,
      drawn,
      proof: proven.text,
      read,
      verdicts: [...judge(read), { ok: proven.code === 0, text: 'the audit of both gateways is proven whole' }],
    };
  } finally {
    await scene.stop();
  }
}

/** Until no call holds anything any more. */
async function quiet({ redisUrl, tenant }: Scene): Promise<void> {
  const redis = new Redis(redisUrl);
  const until = Date.now() + QUIET_MS;
  try {
    while ((await redis.zcard(tenantKeys(tenant).leases)) > 0) {
      if (Date.now() > until) throw new Error(`calls still hold leases after ${QUIET_MS / 1_000} s`);
      await pause(50);
    }
  } finally {
    redis.disconnect();
  }
}

async function readTree(scene: Scene): Promise<{ readonly tree: readonly RunView[]; readonly drawn: string }> {
  const { runs } = await operate<{ readonly runs: readonly RunView[] }>(scene, 'runs');
  if (runs.length !== 1) throw new Error(`expected one tree, there are ${runs.length}`);
  const id = runs[0]?.id ?? '';
  const told = await operate<{ readonly runs: readonly RunView[] }>(scene, `runs/${id}/tree`);
  const { config } = scene.gateways[1] as Scene['gateways'][number];
  const { code, text } = waygate(['runs', 'tree', id, '--config', config], {
    WAYGATE_ADMIN_TOKEN: scene.operatorToken,
  });
  if (code !== 0) throw new Error(`\`waygate runs tree\` ends with ${code}: ${text}`);
  return { tree: told.runs, drawn: text };
}

function waygate(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: status, text: (stdout || stderr).trim() };
}

function servedOf(counts: Counts): Record<string, number> {
  const served: Record<string, number> = {};
  for (const node of Object.values(counts))
    for (const [what, { calls }] of Object.entries(node)) served[what] = (served[what] ?? 0) + calls;
  return served;
}
