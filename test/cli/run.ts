// The command line as tests call it: in this process with its words kept, or as a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runCommand } from '../../src/cli/program.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  /** Standard output and error, without the last line feed. */
  readonly out: string;
  readonly err: string;
}

/** Runs `waygate …` in this process. */
export async function run(...argv: readonly string[]): Promise<Ended> {
  const words = { out: [] as string[], err: [] as string[] };
  const code = await runCommand(argv, {
    print: (text) => void words.out.push(text),
    say: (text) => void words.err.push(text),
  });
  return { code, out: words.out.join('\n'), err: words.err.join('\n') };
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs `waygate …` as a process, in a folder of the test's own. */
export function runProcess(argv: readonly string[], { cwd, env = {}, input }: ProcessOptions): Ended {
  const ended = spawnSync(process.execPath, [MAIN, ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
  return { code: ended.status, out: ended.stdout.trimEnd(), err: ended.stderr.trimEnd() };
}

/** The same without blocking this process, which may have to answer. Ends it after ten seconds. */
export async function startProcess(argv: readonly string[], { cwd, env = {} }: ProcessOptions): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
  });
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  return { code, out: out.trimEnd(), err: err.trimEnd() };
}

/** A folder with these files, gone when the test ends. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'waygate-cli-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
