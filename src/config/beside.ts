// The files that a config names: key sets, API keys, policies.
import { join } from 'node:path';
import type { Problem } from '../core/problem.ts';
import { readDocument } from '../documents/document.ts';
import type { Fault, Path } from '../documents/faults.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import { type IssuerConfig, jwkSetSchema, type KeyEntry, keysFileSchema, type Located } from '../identity/schema.ts';
import { type Files, readingError } from './files.ts';

/** The files beside the config, and where their problems go. */
export interface Folder {
  readonly files: Files;
  readonly pathOf: (given: string) => string;
  readonly complain: (fault: Fault) => void;
  readonly problems: Problem[];
}

/** Issuers with their keys, but for those whose keys cannot be read; `at` is the path of the list. */
export async function readIssuers<T extends Pick<IssuerConfig, 'jwks'>>(
  issuers: readonly T[],
  at: Path,
  folder: Folder,
): Promise<readonly Located<T>[]> {
  const read = await Promise.all(issuers.map((issuer, index) => readIssuer(issuer, [...at, index], folder)));
  return read.flat();
}

async function readIssuer<T extends Pick<IssuerConfig, 'jwks'>>(
  { jwks, ...issuer }: T,
  at: Path,
  folder: Folder,
): Promise<Located<T>[]> {
  const { url, staleSeconds } = jwks;
  if (url !== undefined) {
    return [{ ...issuer, jwks: { url, ...(staleSeconds !== undefined && { staleMs: staleSeconds * 1_000 }) } }];
  }
  if (jwks.file === undefined) return [{ ...issuer, jwks: { keys: jwks.keys ?? [] } }];
  const set = await readBeside(jwks.file, { schema: jwkSetSchema, path: [...at, 'jwks', 'file'], folder });
  return set ? [{ ...issuer, jwks: { keys: set.keys } }] : [];
}

export async function readKeys(file: string | undefined, folder: Folder): Promise<readonly KeyEntry[]> {
  if (file === undefined) return [];
  const read = await readBeside(file, { schema: keysFileSchema, path: ['identity', 'keys', 'file'], folder });
  return read?.keys ?? [];
}

interface Beside<T> {
  readonly schema: Parameters<typeof readDocument<T>>[1];
  /** Of the field that names the file. */
  readonly path: Path;
  readonly folder: Folder;
}

async function readBeside<T>(given: string, { schema, path, folder }: Beside<T>): Promise<T | undefined> {
  const place = folder.pathOf(given);
  const text = await readText(place, folder.files);
  if (text.ok) {
    const document = readDocument({ path: place, text: text.value }, schema);
    if (document.ok) return document.value.value;
    folder.problems.push(...document.problems);
  } else folder.complain({ path, message: text.message });
  return undefined;
}

/** The text of all policies of the folder and those below it, but not their tests. */
export async function readPolicies(dir: string, folder: Folder): Promise<readonly SourceFile[]> {
  const place = folder.pathOf(dir);
  const path = ['policies', 'dir'];
  try {
    const names = (await folder.files.list(place)).filter(
      (name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name),
    );
    return await Promise.all(
      names.map(async (name) => ({ path: join(place, name), text: await folder.files.read(join(place, name)) })),
    );
  } catch (error) {
    folder.complain({ path, message: `the policies in \`${place}\` cannot be read (${readingError(error)})` });
    return [];
  }
}

export async function readText(
  path: string,
  files: Files,
): Promise<{ readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string }> {
  try {
    return { ok: true, value: await files.read(path) };
  } catch (error) {
    return { ok: false, message: `the file \`${path}\` cannot be read (${readingError(error)})` };
  }
}
