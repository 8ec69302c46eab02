// INVARIANT: a secret never stands in the config, and never in what is said of it.
import { parseSecretReference, SECRET_REFERENCE } from '../core/secret-reference.ts';
import type { Path } from '../documents/faults.ts';
import type { Files } from './files.ts';
import { readingError } from './files.ts';
import type { ConfigFile } from './schema.ts';

export interface SecretSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly read: Files['read'];
}

/** A secret, or why there is none, in words that do not repeat it. */
export type Secret = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

/** Visible ASCII without spaces: whatever else there is breaks a header, or is a slip of copying. */
const SECRET = /^[\x21-\x7e]+$/;

/** What a reference leads to, trimmed and fit for a header. */
export async function resolveSecret(reference: string, source: SecretSource): Promise<Secret> {
  const found = await readReference(reference, source);
  return found.ok ? checkSecret(found.value, found.where) : found;
}

type Found =
  | { readonly ok: true; readonly value: string; readonly where: string }
  | { readonly ok: false; readonly message: string };

/** What a reference leads to, as it stands. */
export async function readReference(reference: string, { env, read }: SecretSource): Promise<Found> {
  const parsed = parseSecretReference(reference);
  if (!parsed) return { ok: false, message: 'this is no reference to a secret' };
  if (parsed.kind === 'env') {
    const where = `the environment variable \`${parsed.name}\``;
    const value = Object.hasOwn(env, parsed.name) ? env[parsed.name] : undefined;
    return value === undefined ? { ok: false, message: `${where} is not set` } : { ok: true, value, where };
  }
  const where = `the file \`${parsed.path}\``;
  try {
    return { ok: true, value: await read(parsed.path), where };
  } catch (error) {
    return { ok: false, message: `${where} cannot be read (${readingError(error)})` };
  }
}

function checkSecret(raw: string, where: string): Secret {
  const value = raw.trim();
  if (value === '') return { ok: false, message: `${where} is empty` };
  if (SECRET.test(value)) return { ok: true, value };
  return {
    ok: false,
    message: `${where} holds spaces, line ends or characters that are not ASCII; expected one secret and nothing else`,
  };
}

/** Where a config refers to a secret. */
export interface Referred {
  readonly path: Path;
  readonly reference: string;
  /** Whether it is a text of several lines (PEM), taken as it stands. */
  readonly isText?: true;
}

/** Where the config refers to secrets. */
export function referencesIn(config: ConfigFile): readonly Referred[] {
  const { upstreams, store, telemetry, delegation } = config;
  const credentials = Object.entries(upstreams).flatMap(([name, { credential }]) => {
    if (credential === undefined) return [];
    return [{ path: ['upstreams', name, 'credential', 'value'], reference: credential.value }];
  });
  const ledger =
    store.kind === 'redis' && SECRET_REFERENCE.test(store.url)
      ? [{ path: ['store', 'url'], reference: store.url }]
      : [];
  const headers = Object.entries(telemetry.otlp?.headers ?? {}).map(([name, reference]) => ({
    path: ['telemetry', 'otlp', 'headers', name],
    reference,
  }));
  const { keys = [], wrapKey } = delegation ?? {};
  const signing = keys.map((reference, index) => ({
    path: ['delegation', 'keys', index],
    reference,
    isText: true as const,
  }));
  const wrapping = wrapKey === undefined ? [] : [{ path: ['delegation', 'wrapKey'], reference: wrapKey }];
  const { secret } = config.notices.webhook ?? {};
  const notices = secret === undefined ? [] : [{ path: ['notices', 'webhook', 'secret'], reference: secret }];
  return [...credentials, ...ledger, ...headers, ...signing, ...wrapping, ...notices];
}
