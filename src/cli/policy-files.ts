// Where a command's policies are. All files of a folder, and of those below it, are one set.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readingError, systemFiles } from '../config/files.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import type { Enforcement } from '../policy/policy-set.ts';
import { besideConfig, findConfig, readShape, readText } from './config-file.ts';
import { UsageError } from './output.ts';

export interface PolicyFiles {
  readonly policies: readonly SourceFile[];
  readonly tests: readonly SourceFile[];
}

export interface PolicyPlace {
  readonly config?: string;
  readonly policies?: string;
}

const FOLDER = 'policies';
const YAML = /\.ya?ml$/;
const TEST = /\.test\.ya?ml$/;

export interface PolicyFolder {
  readonly folder: string;
  /** As the configuration has it. */
  readonly enforcement: Enforcement;
}

/** The folder that is meant: the one named, else that of the configuration, else ./policies. */
export async function findPolicies({ config, policies }: PolicyPlace): Promise<PolicyFolder> {
  if (policies !== undefined) return { folder: policies, enforcement: 'enforce' };
  const path = findConfig(config);
  if (path !== undefined) {
    const { dir, enforcement } = (await readShape(path)).value.policies;
    return { folder: besideConfig(path, dir), enforcement };
  }
  if (existsSync(FOLDER)) return { folder: FOLDER, enforcement: 'enforce' };
  throw new UsageError(
    'which policies? expected `--policies DIR`, `--config FILE`, or a `waygate.yaml` or `policies` here',
  );
}

/** Every policy and every test below a folder. Throws why it cannot be read. */
export async function readPolicies(folder: string): Promise<PolicyFiles> {
  const names = await systemFiles.list(folder).catch((cause: unknown) => {
    throw new Error(`the policies in \`${folder}\` cannot be read (${readingError(cause)})`, { cause });
  });
  const read = (name: string): Promise<SourceFile> => readSource(join(folder, name));
  const files = names.filter((name) => YAML.test(name));
  return {
    policies: await Promise.all(files.filter((name) => !TEST.test(name)).map(read)),
    tests: await Promise.all(files.filter((name) => TEST.test(name)).map(read)),
  };
}

/**
 * The policies and tests that some paths stand for, one entry for each set; without paths those of `findPolicies`. A folder
 * is a set with all its tests. A single test runs against the set that is usual here if it lies in that, else against its
 * own folder's.
 */
export async function readSelection(paths: readonly string[]): Promise<readonly PolicyFiles[]> {
  if (paths.length === 0) return [await readPolicies((await findPolicies({})).folder)];
  const usual = paths.every(isFolder) ? undefined : await findPolicies({}).catch(() => undefined);
  const sets = Map.groupBy(paths, (path) => setOf(path, usual?.folder));
  return Promise.all([...sets].map(([folder, members]) => readSet(folder, members)));
}

async function readSet(folder: string, members: readonly string[]): Promise<PolicyFiles> {
  const files = await readPolicies(folder);
  return members.some(isFolder) ? files : { ...files, tests: await Promise.all(members.map(readSource)) };
}

function setOf(path: string, usual: string | undefined): string {
  if (isFolder(path)) return path;
  if (!TEST.test(path)) {
    throw new UsageError(`\`${path}\` is no test: expected a folder of policies or a \`*.test.yaml\` file`);
  }
  return usual !== undefined && !relative(usual, path).startsWith('..') ? usual : dirname(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function readSource(path: string): Promise<SourceFile> {
  return { path, text: await readText(path) };
}
