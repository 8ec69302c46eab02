import { systemClock } from '../core/clock.ts';
import {
  createKey,
  type KeyListing,
  type KeyProblem,
  listKeys,
  revokeKey,
  rotateKey,
} from '../identity/key-changes.ts';
import { changeKeysFile, renderKeys } from '../identity/keys-file.ts';
import { DEFAULT_TENANT, type KeyEntry, keysFileSchema } from '../identity/schema.ts';
import { besideConfig, findConfig, readShape, readText, takeDocument } from './config-file.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';

const OVERLAP_MS = 86_400_000;

export interface KeysOptions {
  readonly config?: string;
  readonly file?: string;
  readonly json?: true;
}

export interface CreateOptions extends KeysOptions {
  readonly subject?: string;
  readonly tenant?: string;
  readonly agent?: string;
  readonly scope?: readonly string[];
  /** Milliseconds from now. */
  readonly expires?: number;
}

export interface RotateOptions extends KeysOptions {
  /** Milliseconds. */
  readonly overlap?: number;
}

type OfOneKey<T> = T & { readonly id: string };

export async function create(options: CreateOptions, output: Output): Promise<ExitCode> {
  const { subject, tenant = DEFAULT_TENANT, agent, scope = [], expires } = options;
  if (subject === undefined) throw new UsageError('a key for whom? expected `--subject NAME`');
  const nowMs = systemClock.now();
  const path = await keysFile(options);
  const { id, key } = await changeKeys(path, (keys) =>
    createKey(keys, {
      subject,
      tenant,
      ...(agent !== undefined && { agent }),
      scopes: scope,
      ...(expires !== undefined && { expiresAtMs: nowMs + expires }),
      nowMs,
    }),
  );
  output.print(key);
  output.say(
    `key \`${id}\` of \`${subject}\` in tenant \`${tenant}\`; \`${path}\` holds its hash alone, so this is the only time it is shown`,
  );
  return 0;
}

export async function list(options: KeysOptions, output: Output): Promise<ExitCode> {
  const path = await keysFile(options);
  const keys = listKeys(readKeys(path, await readText(path)), systemClock.now());
  if (options.json) output.print(JSON.stringify(keys, undefined, 2));
  else if (keys.length === 0) output.say(`\`${path}\` holds no keys; \`waygate keys create\` makes one`);
  else output.print(columns(keys));
  return 0;
}

export async function rotate(options: OfOneKey<RotateOptions>, output: Output): Promise<ExitCode> {
  const { id, overlap: overlapMs = OVERLAP_MS } = options;
  const nowMs = systemClock.now();
  const { key } = await changeKeys(await keysFile(options), (keys) => rotateKey(keys, { id, overlapMs, nowMs }));
  output.print(key);
  output.say(
    `key \`${id}\` has a new secret, shown this once; the one before works until ${new Date(nowMs + overlapMs).toISOString()}`,
  );
  return 0;
}

export async function revoke(options: OfOneKey<KeysOptions>, output: Output): Promise<ExitCode> {
  const { id } = options;
  const path = await keysFile(options);
  await changeKeys(path, (keys) => revokeKey(keys, { id, nowMs: systemClock.now() }));
  output.say(`key \`${id}\` is revoked; gateways refuse it as soon as they have read \`${path}\` again`);
  return 0;
}

/** `--file`, else what the configuration names. */
async function keysFile({ config, file }: KeysOptions): Promise<string> {
  if (file !== undefined) return file;
  const path = findConfig(config);
  if (path === undefined)
    throw new UsageError('which keys? expected `--file FILE`, `--config FILE` or a `waygate.yaml` here');
  const { value } = await readShape(path);
  if (value.identity.keys) return besideConfig(path, value.identity.keys.file);
  throw new UsageError(`\`${path}\` names no file of keys; set \`identity.keys.file\` in it, or pass \`--file FILE\``);
}

/** Rewrites the file, or leaves it as it is and throws what the matter was. */
async function changeKeys<T extends { readonly keys: readonly KeyEntry[] }>(
  path: string,
  change: (keys: readonly KeyEntry[]) => T | KeyProblem,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  await changeKeysFile(path, (text) => {
    const changed = change(readKeys(path, text));
    if ('problem' in changed) throw new Error(changed.problem);
    resolve(changed);
    return renderKeys(text, changed.keys);
  });
  return promise;
}

function readKeys(path: string, text: string | undefined): readonly KeyEntry[] {
  return text === undefined ? [] : takeDocument({ path, text }, keysFileSchema).value.keys;
}

const HEAD = ['ID', 'STATE', 'SUBJECT', 'TENANT', 'AGENT', 'EXPIRES'];

function columns(keys: readonly KeyListing[]): string {
  const rows = [
    HEAD,
    ...keys.map(({ id, state, subject, tenant, agent = '', expires = '' }) => [
      id,
      state,
      subject,
      tenant,
      agent,
      expires,
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
