// What is compared, each a process of its own: nothing between (direct), the yardstick (relay), peers, and Waygate.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Cores, type ServerProcess, startServer } from './processes.ts';
import { ANSWER, chatRequest } from './traffic.ts';
import { portkeyHeaders, startNginx, startPortkey } from './peers.ts';
import { type Around, startWaygate, type WaygateKind, type WaygateProcess } from './waygate.ts';

export interface Candidate {
  readonly url: string;
  /** Undefined for `direct`: the upstream's CPU is nobody's. */
  readonly pid: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Looks for traces of the work it claims to do; gives what is missing. */
  readonly doubt: () => Promise<string | undefined>;
  readonly stop: () => Promise<void>;
}

export const NAMES = [
  'direct',
  'nginx',
  'relay',
  'open',
  'governed',
  'governed-10k',
  'portkey',
  'depth-1',
  'depth-3',
  'depth-8',
] as const;
export type Name = (typeof NAMES)[number];

export interface Stage {
  readonly dir: string;
  readonly cores: Cores | undefined;
  readonly upstream: ServerProcess;
  readonly around: Around;
  /** Options of Node for Waygate alone, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** Starts one. Throws where it cannot run, saying why. */
export async function startCandidate(name: Name, stage: Stage): Promise<Candidate> {
  const { dir, upstream } = stage;
  const cores = stage.cores?.candidate;
  const noDoubt = (): Promise<undefined> => Promise.resolve(undefined);
  if (name === 'direct') {
    return { url: upstream.url, pid: undefined, headers: JSON_HEADERS, doubt: noDoubt, stop: noDoubt };
  }
  if (name === 'relay') {
    const args = (port: number): string[] => ['bench/relay.ts', String(port), upstream.url];
    const relay = await startServer(name, { args, dir, cores, env: { BENCH_KEY: 'bench' } });
    return { ...relay, headers: JSON_HEADERS, doubt: noDoubt };
  }
  if (name === 'nginx' || name === 'portkey') {
    const options = { dir, cores, upstream: upstream.url };
    const peer = await (name === 'nginx' ? startNginx(options) : startPortkey(options));
    const headers = { ...JSON_HEADERS, ...(name === 'portkey' && portkeyHeaders(upstream.url)) };
    return { ...peer, headers, doubt: noDoubt };
  }
  const depth = /^depth-(\d)$/.exec(name)?.[1];
  if (depth !== undefined)
    return startInRuns({ ...stage, dir: join(dir, name) }, runPath(`depth-${depth}`, Number(depth)));
  const { token, ...waygate } = await startWaygate(name as WaygateKind, { ...stage, cores });
  return { ...waygate, headers: { ...JSON_HEADERS, authorization: `Bearer ${token}` } };
}

/** `Waygate-Run` of a run so far below its root. */
export function runPath(root: string, depth: number): string {
  return [root, ...Array.from({ length: depth }, (_, level) => `level-${level + 1}`)].join('/');
}

/** A Waygate with limits of runs; its calls are made in the run of that path. Its folder is its own. */
export async function startInRuns(
  stage: Stage,
  path: string,
): Promise<Candidate & Pick<WaygateProcess, 'adminUrl' | 'operator'>> {
  mkdirSync(stage.dir, { recursive: true });
  const { token, ...waygate } = await startWaygate('runs', { ...stage, cores: stage.cores?.candidate });
  return { ...waygate, headers: { ...JSON_HEADERS, authorization: `Bearer ${token}`, 'waygate-run': path } };
}

/** Sends one request and gives what is wrong with the answer. */
export async function tryOut({ url, headers }: Candidate): Promise<string | undefined> {
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: chatRequest('json') });
  const text = await answer.text();
  return answer.status === 200 && text === ANSWER ? undefined : `answers ${answer.status} ${text.slice(0, 500)}`;
}
