// Every command that a Redis carries out, in its own order, also those inside scripts: what was done before what is read there.
import { Redis } from 'ioredis';
import { ADMIT, SETTLE } from '../../src/limits/scripts.ts';
import { runScript } from '../../src/runs/scripts.ts';

export interface Command {
  /** `admit`, `settle`, `open`, `changes`, `steps` for our scripts; else the command itself, lower case. */
  readonly name: string;
  readonly args: readonly string[];
  /** Carried out by a script. */
  readonly isInner: boolean;
}

export interface RedisWatch {
  readonly commands: Command[];
  /** Resolves once everything is here that was carried out before. */
  caughtUp(): Promise<void>;
  close(): void;
}

/** What no call waits for: the look at trees with calls under way, and timelines, which are written together. */
const BESIDE = { changes: runScript('changes'), steps: runScript('steps-append') };
const SCRIPTS = new Map([
  [ADMIT.sha, 'admit'],
  [SETTLE.sha, 'settle'],
  [runScript('open').sha, 'open'],
  ...Object.entries(BESIDE).map(([name, { sha }]) => [sha, name] as const),
]);
/** By its first line: a server that does not have it yet is sent the whole text. */
const besideOf = (text: string): string | undefined =>
  Object.entries(BESIDE).find(([, { lua }]) => text.startsWith(lua.slice(0, lua.indexOf('\n'))))?.[0];

export async function watchRedis(url: string): Promise<RedisWatch> {
  const teller = new Redis(url);
  const asking = new Redis(url);
  const monitor = await asking.monitor();
  asking.disconnect();
  const commands: Command[] = [];
  const marks = new Map<string, () => void>();
  monitor.on('monitor', (_time: string, words: string[], source: string) => {
    const [verb = '', ...args] = words;
    const name = verb.toLowerCase();
    if (name === 'echo') return marks.get(args[0] ?? '')?.();
    const [first = ''] = args;
    const script = name === 'evalsha' ? SCRIPTS.get(first) : name === 'eval' ? besideOf(first) : undefined;
    commands.push({ name: script ?? name, args, isInner: source === 'lua' });
  });
  return {
    commands,
    async caughtUp() {
      const mark = crypto.randomUUID();
      const seen = new Promise<void>((resolve) => marks.set(mark, resolve));
      await teller.echo(mark);
      await seen;
    },
    close() {
      monitor.disconnect();
      teller.disconnect();
    },
  };
}
