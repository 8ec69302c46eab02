// What the gateways ask Redis, as Redis itself sees it (MONITOR): how often admissions and settlements, and for how many calls.
import { Redis } from 'ioredis';
import { ADMIT, SETTLE } from '../../src/limits/scripts.ts';

export interface Asked {
  /** Scripts that were sent: each is one round trip, for all calls that left in the same turn. */
  readonly scripts: number;
  /** Calls that were asked for, one that asks again counted again. */
  readonly questions: number;
  /** Distinct calls. */
  readonly calls: number;
}

export interface Questions {
  asked(): { readonly admit: Asked; readonly settle: Asked };
  close(): void;
}

/** Listens from now on, for the calls of one tenant. */
export async function watchQuestions(url: string, tenant: string): Promise<Questions> {
  const redis = new Redis(url);
  const monitor = await redis.monitor();
  const prefix = `wg:{${tenant}}:call:`;
  const admit = tally();
  const settle = tally();
  monitor.on('monitor', (_: string, [command = '', script = '', count = '0', ...words]: readonly string[]) => {
    const name = command.toLowerCase();
    if (name !== 'evalsha' && name !== 'eval') return;
    const isOf = ({ sha, lua }: typeof ADMIT): boolean => script === (name === 'eval' ? lua : sha);
    const kept = isOf(ADMIT) ? admit : isOf(SETTLE) ? settle : undefined;
    kept?.add(words.slice(0, Number(count)).filter((key) => key.startsWith(prefix)));
  });
  return {
    asked: () => ({ admit: admit.asked(), settle: settle.asked() }),
    close() {
      monitor.disconnect();
      redis.disconnect();
    },
  };
}

function tally(): { add(calls: readonly string[]): void; asked(): Asked } {
  const calls = new Set<string>();
  let [scripts, questions] = [0, 0];
  return {
    add(some) {
      if (some.length === 0) return;
      scripts += 1;
      questions += some.length;
      for (const call of some) calls.add(call);
    },
    asked: () => ({ scripts, questions, calls: calls.size }),
  };
}
