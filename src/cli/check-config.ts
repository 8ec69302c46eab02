import { loadConfig, type Config } from '../config/load.ts';
import { type Document, readDocument } from '../config/document.ts';
import { type Files, systemFiles } from '../config/files.ts';
import { type ConfigFile, configSchema } from '../config/schema.ts';
import { referencesIn, resolveSecret } from '../config/secrets.ts';
import type { Checked, Problem } from '../core/problem.ts';
import { parseSecretReference } from '../core/secret-reference.ts';
import { besideConfig } from './config-file.ts';

/** A configuration as it can be checked where its secrets are not at hand. */
export interface CheckedConfig {
  readonly config: Checked<Config>;
  /** Secrets that cannot be had here. */
  readonly absent: readonly Problem[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** Loads a configuration with something in the place of every secret that cannot be had. */
export async function checkConfig(path: string, env: Env): Promise<CheckedConfig> {
  const document = await shapeOf(path);
  if (!document) return { config: (await loadConfig({ path, env })).config, absent: [] };
  const inPlace: Record<string, string> = {};
  const absent: Problem[] = [];
  for (const { path: field, reference } of referencesIn(document.value)) {
    const secret = await resolveSecret(reference, { env, read: (given) => systemFiles.read(besideConfig(path, given)) });
    if (secret.ok) continue;
    absent.push(document.problem({ path: field, message: secret.message }));
    inPlace[placeOf(reference, path)] = 'absent';
  }
  const files: Files = {
    list: (folder) => systemFiles.list(folder),
    read: async (file) => inPlace[file] ?? systemFiles.read(file),
  };
  const { config } = await loadConfig({ path, env: { ...env, ...inPlace }, files });
  return { config, absent };
}

async function shapeOf(path: string): Promise<Document<ConfigFile> | undefined> {
  const text = await systemFiles.read(path).catch(() => undefined);
  const document = text === undefined ? undefined : readDocument({ path, text }, configSchema);
  return document?.ok ? document.value : undefined;
}

/** The variable or the file that a reference leads to. */
function placeOf(reference: string, config: string): string {
  const parsed = parseSecretReference(reference);
  return parsed?.kind === 'file' ? besideConfig(config, parsed.path) : (parsed?.name ?? reference);
}
