// Calls at an even rate, in the mix of `traffic.ts`; held back for a moment where someone wants to look.
import type { Send, Told } from './client.ts';
import { type Caller, type Kind, KINDS } from './traffic.ts';

/** What became of the calls of one kind. */
export interface Tally {
  made: number;
  right: number;
  /** How often which status and code came instead; the status is 0 where no answer came. */
  readonly wrong: Map<string, number>;
}

export interface Load {
  readonly calls: number;
  /** Calls that had no answer in time. */
  readonly hung: readonly string[];
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Lets what is under way end, looks while nothing is, and goes on. */
  quietly<T>(look: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly callsPerSecond: number;
  readonly send: Send;
  readonly caller: () => Caller;
  readonly roll: () => number;
}

const TICK_MS = 20;
/** Where answers do not keep up, the rate falls instead of the machine. */
const AT_ONCE_MAX = 64;
const SHARES = KINDS.reduce((sum, { share }) => sum + share, 0);

export function startLoad({ callsPerSecond, send, caller, roll }: LoadOptions): Load {
  const tallies = new Map(KINDS.map(({ name }) => [name, { made: 0, right: 0, wrong: new Map<string, number>() }]));
  const hung: string[] = [];
  let calls = 0;
  let open = 0;
  let quiet: PromiseWithResolvers<void> | undefined;
  let due = 0;
  let before = performance.now();

  async function call(kind: Kind, by: Caller): Promise<void> {
    const tally = tallies.get(kind.name) as Tally;
    calls += 1;
    open += 1;
    tally.made += 1;
    try {
      const told = await send(kind.ask(by));
      if (kind.isRight(told)) tally.right += 1;
      else count(tally.wrong, wordFor(told));
    } catch (cause) {
      hung.push(cause instanceof Error ? cause.message : String(cause));
    }
    open -= 1;
    if (open === 0) quiet?.resolve();
  }

  const ticking = setInterval(() => {
    const now = performance.now();
    due = Math.min(AT_ONCE_MAX, due + ((now - before) * callsPerSecond) / 1_000);
    before = now;
    if (quiet) due = 0;
    while (due >= 1 && open < AT_ONCE_MAX) {
      const kind = pick(roll());
      const by = caller();
      for (let index = 0; index < (kind.atOnce ?? 1); index += 1) void call(kind, by);
      due -= kind.atOnce ?? 1;
    }
  }, TICK_MS);

  async function quieted(): Promise<void> {
    quiet = Promise.withResolvers();
    if (open === 0) quiet.resolve();
    await quiet.promise;
  }

  return {
    get calls() {
      return calls;
    },
    hung,
    tallies,
    async quietly(look) {
      await quieted();
      try {
        return await look();
      } finally {
        quiet = undefined;
      }
    },
    async stop() {
      clearInterval(ticking);
      await quieted();
    },
  };
}

function pick(rolled: number): Kind {
  let left = rolled * SHARES;
  for (const kind of KINDS) {
    left -= kind.share;
    if (left < 0) return kind;
  }
  return KINDS[0] as Kind;
}

const CODE = /\b(?:gateway|identity|limit|policy|request|route|upstream|audit)\.[a-z_]+/;

function wordFor({ status, whole, text }: Told): string {
  return [status, ...(whole ? [] : ['cut']), ...(CODE.exec(text) ?? [])].join(' ');
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
