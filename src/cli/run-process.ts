// A program that runs in a terminal as if nobody had started it: its words are its own, signals reach it, its exit code is told.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Program {
  /** Its exit code, as a shell tells it: 128 and the signal's number where one ended it. Rejects where it cannot be started. */
  readonly ended: Promise<number>;
  /** Asks it to end, and ends it where it does not. */
  stop(): void;
}

const GRACE_MS = 5_000;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function startProgram(
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Program {
  const child = spawn(command, args, { stdio: 'inherit', env });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const unforward = forward(child);
  let killing: NodeJS.Timeout | undefined;
  const done = (): void => {
    clearTimeout(killing);
    unforward();
  };
  child.once('error', (cause: NodeJS.ErrnoException) => {
    done();
    reject(new Error(`\`${command}\` cannot be started (${cause.code ?? cause.message})`, { cause }));
  });
  child.once('exit', (code, signal) => {
    done();
    resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
  return {
    ended: promise,
    stop() {
      child.kill('SIGTERM');
      killing ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    },
  };
}

function forward(child: ChildProcess): () => void {
  const hear = (signal: NodeJS.Signals): void => {
    // A terminal has sent this one to both.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, hear);
  return () => {
    for (const signal of FORWARDED) process.off(signal, hear);
  };
}
