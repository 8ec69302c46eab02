import { certificateReferences } from '../config/certificates.ts';
import { type Files, systemFiles } from '../config/files.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { type ConfigFile, configSchema } from '../config/schema.ts';
import { readReference, referencesIn, resolveSecret, type SecretSource } from '../config/secrets.ts';
import type { Checked, Problem } from '../core/problem.ts';
import { parseSecretReference } from '../core/secret-reference.ts';
import { type Document, readDocument } from '../documents/document.ts';
import { besideConfig } from './config-file.ts';

/** A configuration as it can be checked where its secrets are not at hand. */
export interface CheckedConfig {
  readonly config: Checked<Config>;
  /** Secrets that cannot be had here. */
  readonly absent: readonly Problem[];
}

/** What stands in the place of a secret that is not at hand. */
const IN_PLACE = 'absent';

type Env = Readonly<Record<string, string | undefined>>;

/** Loads a configuration with something in the place of every secret that cannot be had. */
export async function checkConfig(path: string, env: Env): Promise<CheckedConfig> {
  const document = await shapeOf(path);
  if (!document) return { config: (await loadConfig({ path, env })).config, absent: [] };
  const absent: Problem[] = [];
  const variables: Record<string, string> = {};
  const secretFiles = new Set<string>();
  const source: SecretSource = { env, read: (given) => systemFiles.read(besideConfig(path, given)) };
  for (const { path: field, reference } of referencesIn(document.value)) {
    const secret = await resolveSecret(reference, source);
    if (secret.ok) continue;
    absent.push(document.problem({ path: field, message: secret.message }));
    const parsed = parseSecretReference(reference);
    if (parsed?.kind === 'env') variables[parsed.name] = IN_PLACE;
    if (parsed?.kind === 'file') secretFiles.add(besideConfig(path, parsed.path));
  }
  const unread = await unreadable(document, source);
  const files: Files = {
    list: (folder) => systemFiles.list(folder),
    read: async (file) => (secretFiles.has(file) ? IN_PLACE : systemFiles.read(file)),
  };
  const certificates = unread.length > 0 ? 'unread' : 'read';
  const { config } = await loadConfig({ path, env: { ...env, ...variables }, files, certificates });
  return { config, absent: [...absent, ...unread] };
}

async function unreadable(document: Document<ConfigFile>, source: SecretSource): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { path, reference } of certificateReferences(document.value)) {
    const found = await readReference(reference, source);
    if (!found.ok) problems.push(document.problem({ path, message: found.message }));
  }
  return problems;
}

async function shapeOf(path: string): Promise<Document<ConfigFile> | undefined> {
  const text = await systemFiles.read(path).catch(() => undefined);
  const document = text === undefined ? undefined : readDocument({ path, text }, configSchema);
  return document?.ok ? document.value : undefined;
}
