// waygate.yaml and every file that it names → one frozen Config, or everything that is wrong with them.
// INVARIANT: a config that is wrong anywhere is no config: nothing of it comes into force.
import { dirname, isAbsolute, join } from 'node:path';
import type { Certificate } from '../core/certificate.ts';
import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { type Document, readDocument } from '../documents/document.ts';
import type { Fault } from '../documents/faults.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import type { Issuer, KeyEntry, OperatorIssuer } from '../identity/schema.ts';
import { type Folder, readIssuers, readKeys, readPolicies, readText } from './beside.ts';
import { LISTENERS, type ListenerName, readCertificate } from './certificates.ts';
import { type Files, recordFiles, type Seen, systemFiles } from './files.ts';
import { contradictions } from './rules.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { readReference, referencesIn, resolveSecret } from './secrets.ts';

/** A whole configuration: frozen, and its files read. */
export type Config = Omit<ConfigFile, 'admin' | 'identity' | 'policies'> & {
  readonly admin: Omit<ConfigFile['admin'], 'operators'>;
  /** Who may vouch for operators; kept apart from the listener, since a change of it takes no restart. */
  readonly operators: readonly OperatorIssuer[];
  readonly identity: { readonly issuers: readonly Issuer[]; readonly keys: readonly KeyEntry[]; readonly dev: boolean };
  readonly policies: { readonly enforcement: 'enforce' | 'observe'; readonly files: readonly SourceFile[] };
  /** What a reference of this config leads to. Kept apart, so that printing a config shows no secret. */
  readonly secret: (reference: string) => string;
  /** What a listener shows over TLS, kept apart like secrets; undefined where it speaks plain HTTP. */
  readonly certificate: (listener: ListenerName) => Certificate | undefined;
};

/** A config, or why there is none, and the files that it depends on. */
export interface Loaded {
  readonly config: Checked<Config>;
  readonly seen: Seen;
}

export interface LoadOptions {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files?: Files;
  /** Whether certificates and keys are read; left out where they are not at hand. */
  readonly certificates?: 'read' | 'unread';
}

/** Loads a config. Never rejects: what cannot be read is a problem like any other. */
export async function loadConfig({
  path,
  env,
  files = systemFiles,
  certificates = 'read',
}: LoadOptions): Promise<Loaded> {
  const recorded = recordFiles(files);
  const config = await readConfig({ path, env, files: recorded, certificates });
  return { config, seen: recorded.seen };
}

async function readConfig(source: Required<LoadOptions>): Promise<Checked<Config>> {
  const { path, files } = source;
  const text = await readText(path, files);
  if (!text.ok) return { ok: false, problems: [{ file: path, line: 1, column: 1, message: text.message }] };
  const document = readDocument({ path, text: text.value }, configSchema);
  return document.ok ? assemble(document.value, source) : document;
}

async function assemble(
  document: Document<ConfigFile>,
  { path, env, files, certificates }: Required<LoadOptions>,
): Promise<Checked<Config>> {
  const { value } = document;
  const problems: Problem[] = [];
  const complain = (fault: Fault): void => void problems.push(document.problem(fault));
  const folder: Folder = {
    files,
    complain,
    problems,
    pathOf: (given) => (isAbsolute(given) ? given : join(dirname(path), given)),
  };
  contradictions(value).forEach(complain);

  const secrets = new Map<string, string>();
  const source = { env, read: (given: string) => files.read(folder.pathOf(given)), complain };
  const references = referencesIn(value).map(async ({ path: at, reference, isText }) => {
    const secret = await (isText ? readReference : resolveSecret)(reference, source);
    if (secret.ok) secrets.set(reference, secret.value);
    else complain({ path: at, message: secret.message });
  });
  const shown = new Map<ListenerName, Certificate>();
  const readings = LISTENERS.map(async (listener) => {
    const { tls } = value[listener];
    const certificate = tls && certificates === 'read' ? await readCertificate(listener, tls, source) : undefined;
    if (certificate) shown.set(listener, certificate);
  });
  const { operators: vouching, ...admin } = value.admin;
  const [issuers, operators, keys, policies] = await Promise.all([
    readIssuers(value.identity.issuers, ['identity', 'issuers'], folder),
    readIssuers(vouching?.issuers ?? [], ['admin', 'operators', 'issuers'], folder),
    readKeys(value.identity.keys?.file, folder),
    readPolicies(value.policies.dir, folder),
    ...references,
    ...readings,
  ]);
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  const config: Config = {
    ...value,
    admin,
    operators,
    identity: { issuers, keys, dev: value.identity.dev },
    policies: { enforcement: value.policies.enforcement, files: policies },
    secret: (reference) => secretOf(secrets, reference),
    certificate: (listener) => shown.get(listener),
  };
  return { ok: true, value: freeze(config) };
}

function secretOf(secrets: ReadonlyMap<string, string>, reference: string): string {
  const secret = secrets.get(reference);
  if (secret === undefined) throw new Error('the config holds no such reference');
  return secret;
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
