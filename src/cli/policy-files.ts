// Where a command's policies are. All files of a folder, and of those below it, are one set.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readingError, systemFiles } from '../config/files.ts';
import type { SourceFile } from '../policy/yaml-source.ts';
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

/** The folder that is meant: the one named, else that of the configuration, else ./policies. */
export async function findPolicies({ config, policies }: PolicyPlace): Promise<string> {
  if (policies !== undefined) return policies;
  const path = findConfig(config);
  if (path !== undefined) return besideConfig(path, (await readShape(path)).value.policies.dir);
  if (existsSync(FOLDER)) return FOLDER;
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
 * The policies and tests that some paths stand for, one entry for each set. A folder is a set with all its tests; a single
 * test is run against the set of the `usual` folder if it lies below it, else against its own folder's.
 */
export async function readSelection(
  paths: readonly string[],
  usual: string | undefined,
): Promise<readonly PolicyFiles[]> {
  const chosen = Map.groupBy(paths, (path) => setOf(path, usual));
  return Promise.all(
    [...chosen].map(async ([folder, members]) => {
      const files = await readPolicies(folder);
      const singles = members.filter((path) => !isFolder(path));
      if (singles.length < members.length) return files;
      return { ...files, tests: await Promise.all(singles.map(readSource)) };
    }),
  );
}

function setOf(path: string, usual: string | undefined): string {
  if (isFolder(path)) return path;
  if (!TEST.test(path))
    throw new UsageError(`\`${path}\` is no test: expected a folder of policies or a \`*.test.yaml\` file`);
  return usual !== undefined && !relative(usual, path).startsWith('..') ? usual : dirname(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function readSource(path: string): Promise<SourceFile> {
  return { path, text: await readText(path) };
}
