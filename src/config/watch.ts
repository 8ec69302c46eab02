// Watches the files of a config. INVARIANT: a bad file changes nothing but the state, which says so until it is mended.
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/problem.ts';
import { type Files, isSame, seeAgain, type Seen, systemFiles } from './files.ts';
import type { Config, Loaded } from './load.ts';

/** Whether the files that lie there are those in force. */
export type ConfigState =
  | { readonly kind: 'current' }
  /** They are wrong; the last good ones stay in force. `cause` is what was thrown while they were taken, if anything. */
  | {
      readonly kind: 'stale';
      readonly problems: readonly Problem[];
      readonly sinceMs: number;
      readonly cause?: unknown;
    };

export interface WatchOptions {
  /** What is in force. */
  readonly loaded: Loaded;
  readonly load: () => Promise<Loaded>;
  /** Puts a config into force, as a whole or not at all; problems say why not. */
  readonly apply: (config: Config) => Promise<readonly Problem[]>;
  /** Told of every load that a change or `reload` led to. */
  readonly onState: (state: ConfigState) => void;
  readonly clock: Clock;
  readonly files?: Files;
  /** Calls again and again, until the function that it returns is called. */
  readonly every?: (tick: () => void) => () => void;
}

export interface ConfigWatch {
  state(): ConfigState;
  /** Loads now, changed or not: for SIGHUP. Never rejects. */
  reload(): Promise<void>;
  stop(): void;
}

const POLL_MS = 1_000;

function everySecond(tick: () => void): () => void {
  const timer = setInterval(tick, POLL_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Looks at the content of the files every second: that sees mounted folders and network disks, where notices of the
 * system are lost. A change is taken once two looks in a row find the same, so that no half-written file is.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { load, apply, onState, clock, files = systemFiles, every = everySecond } = options;
  let state: ConfigState = { kind: 'current' };
  let known: Seen = options.loaded.seen;
  let glimpsed: Seen | undefined;
  let work: Promise<void> | undefined;

  async function reload(): Promise<void> {
    state = await attempt();
    onState(state);
  }

  async function attempt(): Promise<ConfigState> {
    try {
      const { config, seen } = await load();
      known = seen;
      glimpsed = undefined;
      const problems = config.ok ? await apply(config.value) : config.problems;
      return problems.length === 0 ? { kind: 'current' } : { kind: 'stale', problems, sinceMs: staleSince() };
    } catch (cause) {
      return { kind: 'stale', problems: [], sinceMs: staleSince(), cause };
    }
  }

  function staleSince(): number {
    return state.kind === 'stale' ? state.sinceMs : clock.now();
  }

  async function look(): Promise<void> {
    const now = await seeAgain(known, files);
    if (isSame(now, known)) glimpsed = undefined;
    else if (glimpsed && isSame(now, glimpsed)) await reload();
    else glimpsed = now;
  }

  /** One thing at a time. */
  function run(next: () => Promise<void>): Promise<void> {
    const mine = (work ?? Promise.resolve()).then(next).finally(() => {
      if (work === mine) work = undefined;
    });
    work = mine;
    return mine;
  }

  const stop = every(() => {
    if (!work) void run(look);
  });
  return { state: () => state, reload: () => run(reload), stop };
}
