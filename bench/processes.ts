// The bench's processes: each started from here, on the cores it belongs to, and ended from here.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/redis.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where processes run: candidates alone on one core, everything else on the others. Undefined where the system cannot pin. */
export interface Cores {
  readonly candidate: number;
  readonly others: string;
}

/** Of util-linux. */
const TASKSET = 'taskset';

export function findCores(): Cores | undefined {
  const count = availableParallelism();
  if (count < 2 || spawnSync(TASKSET, ['--version']).status !== 0) return undefined;
  return { candidate: count - 1, others: count === 2 ? '0' : `0-${count - 2}` };
}

/** Puts all threads of a process onto cores. */
export function pin(pid: number, cores: string | number | undefined): void {
  if (cores === undefined) return;
  const done = spawnSync(TASKSET, ['--all-tasks', '--pid', '--cpu-list', String(cores), String(pid)]);
  if (done.status !== 0) throw new Error(`taskset cannot pin ${pid} to ${cores}: ${done.stderr.toString().trim()}`);
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Instead of this Node. */
  readonly command?: string;
  /** Its arguments, given the port to listen on. */
  readonly args: (port: number) => readonly string[];
  /** What it prints goes to `<name>.log` here. */
  readonly dir: string;
  readonly cores: string | number | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

const START_MS = 15_000;

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** Starts a server and waits until it answers. Throws with what it printed where it does not. */
export async function startServer(name: string, options: StartOptions): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = join(options.dir, `${name}.log`);
  const output = openSync(log, 'w');
  const env = { ...process.env, ...options.env };
  const child = spawn(options.command ?? process.execPath, options.args(port), {
    cwd: ROOT,
    env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  pin(child.pid ?? 0, options.cores);
  if (!(await answers(url, child))) {
    const how = child.exitCode === null ? `did not answer within ${START_MS / 1000} s` : `ended with ${child.exitCode}`;
    child.kill('SIGKILL');
    const said = readFileSync(log, 'utf8').trim().split('\n').slice(-12).join('\n');
    throw new Error(`${how}; it said: ${said || 'nothing'}`);
  }
  return { url, pid: child.pid ?? 0, stop: () => stop(child, ended) };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + START_MS;
  while (child.exitCode === null && Date.now() < until) {
    if (await fetch(`${url}/healthz`).catch(() => undefined)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(deadline);
  running.delete(child);
}

/** Runs a script of the bench to its end and gives what it printed, as JSON. */
export async function runScript<T>(args: readonly string[], cores: string | undefined): Promise<T> {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  pin(child.pid ?? 0, cores);
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  running.delete(child);
  if (code !== 0) throw new Error(`\`${args[0]}\` ended with ${code}`);
  return JSON.parse(output) as T;
}
