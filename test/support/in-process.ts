// The whole gateway inside the test's process, over a real socket: for what a test must see from within.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { compose, type Waygate } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { dataApp } from '../../src/http/data-app.ts';
import { inFlight } from '../../src/http/in-flight.ts';
import { listen } from '../../src/http/listener.ts';
import { load } from '../../src/http/load.ts';
import { pace } from '../../src/http/pace.ts';
import { readiness } from '../../src/http/readiness.ts';
import { hostCheck } from '../../src/http/rebinding.ts';
import { ALLOW_ALL, IDENTITY } from './waygate.ts';

export interface InProcess {
  readonly url: string;
  readonly dir: string;
  readonly waygate: Waygate;
  close(): Promise<void>;
}

/** Starts a gateway with the test issuer and the memory store; `config` and `policy` override. */
export async function startInProcess(config: Record<string, unknown>, policy: unknown = ALLOW_ALL): Promise<InProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'waygate-in-'));
  const path = join(dir, 'waygate.yaml');
  const yaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false });
  const files: Record<string, string> = {
    [path]: yaml({
      version: 1,
      identity: IDENTITY,
      audit: { dir: join(dir, 'audit') },
      telemetry: { logLevel: 'error' },
      ...config,
    }),
    [join(dir, 'policies', 'test.yaml')]: yaml(policy),
  };
  const { config: loaded } = await loadConfig({
    path,
    // The second is long enough to be looked for in answers.
    env: { UPSTREAM_KEY: 'sk-upstream', RANGE_KEY: 'sk-range-0123456789abcdef' },
    files: {
      read: (file) => (file in files ? Promise.resolve(files[file] as string) : Promise.reject(new Error(file))),
      list: () => Promise.resolve(['test.yaml']),
    },
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const waygate = await compose({ config: loaded.value, version: '0', dir });
  const { frontDoor } = loaded.value;
  const flight = inFlight();
  const now = (): number => performance.now();
  const onShed = (reason: string): void => waygate.telemetry.metrics.overloaded(reason);
  const taken = load({ limits: frontDoor, inFlight: flight, now, onShed });
  const app = dataApp({
    handle: waygate.handle,
    readiness: readiness({ ...waygate.checks, load: () => taken.warning() }),
    inFlight: flight,
    load: taken,
    pace: pace(frontDoor, now),
    stallMs: frontDoor.stallMs,
    checkHost: hostCheck('127.0.0.1'),
    now: () => systemClock.now(),
    onFault: (error) => {
      throw error;
    },
  });
  const limits = { ...frontDoor, onShed: taken.shed };
  const listener = await listen(app, { host: '127.0.0.1', port: 0, times: frontDoor, limits });
  return {
    url: listener.url,
    dir,
    waygate,
    async close() {
      listener.destroy();
      await listener.close();
      await waygate.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Puts a file where the audit has its folder, so that nothing can be written there. */
export function breakAudit(dir: string): void {
  rmSync(join(dir, 'audit'), { recursive: true, force: true });
  writeFileSync(join(dir, 'audit'), '');
}
