import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A release of `@modelcontextprotocol/conformance` and what is run of it. */
export interface Suite {
  readonly version: string;
  readonly select: readonly string[];
}

/** Check of a scenario → what came of it, e.g. `tools-list/tools-list` → `SUCCESS`. */
export type Results = ReadonlyMap<string, string>;

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/conformance/', import.meta.url));
const PACKAGE = '@modelcontextprotocol/conformance';

/** Installs a release into a folder of its own, once. The suite is no dependency: it brings a hundred packages. */
export async function installSuite({ version }: Suite): Promise<string> {
  const prefix = join(CACHE, version);
  const main = join(prefix, 'node_modules', PACKAGE, 'dist', 'index.js');
  if (!existsSync(main)) {
    const code = await ran('npm', [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefix',
      prefix,
      `${PACKAGE}@${version}`,
    ]);
    if (code !== 0) throw new Error(`npm could not install ${PACKAGE}@${version}`);
  }
  return main;
}

/** Runs a suite against a server. That checks fail is no error: what counts is which. */
export async function runSuite(main: string, { select }: Suite, url: string): Promise<Results> {
  const out = mkdtempSync(join(tmpdir(), 'waygate-conformance-'));
  await ran(process.execPath, [main, 'server', '--url', url, ...select, '--output-dir', out]);
  const results = new Map<string, string>();
  for (const folder of readdirSync(out).sort()) {
    const scenario = folder.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    const file = join(out, folder, 'checks.json');
    // A scenario that could not even begin leaves an empty folder.
    if (!existsSync(file)) results.set(`${scenario}/0`, 'NONE');
    if (!existsSync(file)) continue;
    const checks = JSON.parse(readFileSync(file, 'utf8')) as {
      id: string;
      status: string;
    }[];
    checks.forEach(({ id, status }, index) => results.set(`${scenario}/${index + 1} ${id}`, status));
  }
  if (results.size === 0) throw new Error('the suite left no results');
  return results;
}

function ran(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
