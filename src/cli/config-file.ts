// Where a command's configuration is, and what it says before anything that it names is read.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { readingError, systemFiles } from '../config/files.ts';
import { type ConfigFile, configSchema } from '../config/schema.ts';
import { type Document, readDocument } from '../documents/document.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import { ProblemsError } from './output.ts';

const CONFIG_FILE = 'waygate.yaml';

/** The configuration that is meant: the one that is named, else ./waygate.yaml where there is one. */
export function findConfig(named: string | undefined): string | undefined {
  return named ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
}

/** A path as the configuration means it: from its own folder. */
export function besideConfig(config: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(config), path);
}

/** The configuration's own words. Throws what is wrong with them. */
export async function readShape(path: string): Promise<Document<ConfigFile>> {
  return takeDocument({ path, text: await readText(path) }, configSchema);
}

/** The text of a file. Throws why it cannot be read. */
export async function readText(path: string): Promise<string> {
  try {
    return await systemFiles.read(path);
  } catch (cause) {
    throw new Error(`\`${path}\` cannot be read (${readingError(cause)})`, { cause });
  }
}

/** The file as its schema has it. Throws what is wrong with it. */
export function takeDocument<T>(file: SourceFile, schema: Parameters<typeof readDocument<T>>[1]): Document<T> {
  const document = readDocument(file, schema);
  if (document.ok) return document.value;
  throw new ProblemsError(document.problems);
}
