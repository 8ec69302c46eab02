// What many live runs in the store cost a call: the same Waygate before two Redis servers, one with few runs and one with many.
import { join } from 'node:path';
import { startRedis } from '../test/support/redis.ts';
import { type Candidate, runPath, type Stage, startInRuns } from './candidates.ts';
import { warmUp } from './field.ts';
import { cpuMicrosOf, measure } from './measure.ts';
import { pin } from './processes.ts';
import { seedRuns } from './seed.ts';
import { ANSWER, chatRequest } from './traffic.ts';

export interface LiveRunsOptions {
  readonly stage: Stage;
  readonly few: number;
  readonly many: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpCalls: number;
  readonly say: (text: string) => void;
}

/** CPU of a call in microseconds, of the gateway and of Redis. */
export interface CallCost {
  readonly gateway: number;
  readonly redis: number;
}

export interface LiveRunsResult {
  readonly few: readonly CallCost[];
  readonly many: readonly CallCost[];
  readonly bytesARun: number;
}

interface Scene {
  readonly candidate: Candidate;
  readonly redisPid: number;
  readonly bytesARun: number;
  readonly costs: CallCost[];
  readonly stop: () => Promise<void>;
}

export async function liveRuns({ stage, few, many, rounds, ...load }: LiveRunsOptions): Promise<LiveRunsResult> {
  const scenes: Scene[] = [];
  try {
    for (const count of [few, many]) {
      load.say(`beginning ${count} runs, and warming up`);
      scenes.push(await open(stage, count));
      await warmUp((scenes.at(-1) as Scene).candidate, { cores: stage.cores, calls: load.warmUpCalls });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const scene of round % 2 === 0 ? scenes : scenes.toReversed()) await burst(scene, stage, load.seconds);
      load.say(`runs: round ${round + 1}/${rounds}`);
    }
    const [first, second] = scenes as [Scene, Scene];
    return { few: first.costs, many: second.costs, bytesARun: second.bytesARun };
  } finally {
    for (const scene of scenes) await scene.stop();
  }
}

async function open(stage: Stage, count: number): Promise<Scene> {
  const redis = await startRedis();
  process.once('exit', () => void redis.kill());
  pin(redis.pid, stage.cores?.others);
  const bytesARun = await seedRuns(redis.url, count);
  const own = { ...stage, dir: join(stage.dir, `runs-${count}`), around: { ...stage.around, redisUrl: redis.url } };
  const candidate = await startInRuns(own, runPath('live', 1));
  const stop = async (): Promise<void> => {
    await candidate.stop();
    await redis.stop();
  };
  return { candidate, redisPid: redis.pid, bytesARun, costs: [], stop };
}

async function burst({ candidate, redisPid, costs }: Scene, { cores }: Stage, seconds: number): Promise<void> {
  const before = cpuMicrosOf(redisPid);
  const calls = { body: chatRequest('json'), expectBody: ANSWER, connections: 32, seconds };
  const sample = await measure(candidate, { cores, script: 'bench/load.ts', burst: calls });
  if (sample.failure !== undefined) throw new Error(sample.failure);
  costs.push({ gateway: sample.cpuMicros, redis: (cpuMicrosOf(redisPid) - before) / sample.requests });
}
