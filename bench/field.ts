// The candidates that take part: each started once, warmed up, tried out, and kept for every section.
import { type Candidate, type Name, type Stage, startCandidate, tryOut } from './candidates.ts';
import { measure } from './measure.ts';
import type { Cores } from './processes.ts';
import { ANSWER, chatRequest } from './traffic.ts';

export interface Entry {
  readonly name: Name;
  readonly candidate: Candidate | undefined;
  /** Why it takes no further part. */
  failure: string | undefined;
}

export interface Field {
  /** Starts it where it has not been yet. */
  enter(name: Name): Promise<Entry>;
  stop(): Promise<void>;
}

export interface FieldOptions {
  readonly stage: Stage;
  /** A gateway runs for days, and V8 goes on compiling for its first hundred thousand calls. */
  readonly warmUpCalls: number;
  readonly say: (text: string) => void;
}

const WARM_UP_BURST = { body: chatRequest('json'), expectBody: ANSWER, connections: 32, seconds: 3 };
const WARM_UP_BURSTS_MAX = 30;

/** Until the code is compiled that the rounds will run: a number of calls, not a time. Answers are not looked at yet. */
export async function warmUp(
  candidate: Candidate,
  { cores, calls }: { readonly cores: Cores | undefined; readonly calls: number },
): Promise<void> {
  const load = { cores, script: 'bench/load.ts', burst: WARM_UP_BURST } as const;
  let requests = 0;
  for (let bursts = 0; requests < calls && bursts < WARM_UP_BURSTS_MAX; bursts += 1) {
    requests += (await measure(candidate, load)).requests;
  }
}

export function field({ stage, warmUpCalls, say }: FieldOptions): Field {
  const entries = new Map<Name, Entry>();

  async function start(name: Name): Promise<Entry> {
    say(`warming up ${name}`);
    try {
      const candidate = await startCandidate(name, stage);
      await warmUp(candidate, { cores: stage.cores, calls: warmUpCalls });
      return { name, candidate, failure: (await tryOut(candidate)) ?? (await candidate.doubt()) };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { name, candidate: undefined, failure };
    }
  }

  return {
    async enter(name) {
      const entry = entries.get(name) ?? (await start(name));
      entries.set(name, entry);
      return entry;
    },
    async stop() {
      for (const { candidate } of entries.values()) await candidate?.stop();
    },
  };
}
