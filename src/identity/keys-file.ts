import { open, readFile, rename, rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { KeyEntry } from './schema.ts';

const HEAD =
  '# API keys of Waygate: hashes only, so this file may be kept in git. Written by `waygate keys`.\nkeys: []\n';
/** What a rotation or revocation changes of an entry; the rest of it is never touched. */
const CHANGING = ['hash', 'previous', 'revoked'] as const;

/** The file's text with these keys. Comments, order and whatever did not change stay as they are. */
export function renderKeys(text: string | undefined, keys: readonly KeyEntry[]): string {
  const document = parseDocument(text ?? HEAD);
  const list = keyList(document);
  for (const key of keys) {
    const item = list.items.find((one): one is YAMLMap => isMap(one) && one.get('id') === key.id);
    if (item) updateItem(item, key, document);
    else list.add(document.createNode(key));
  }
  return document.toString({ lineWidth: 0 });
}

function keyList(document: Document): YAMLSeq {
  const list: unknown = document.get('keys');
  if (!isSeq(list)) throw new Error('the file of keys has no list `keys`');
  list.flow = false;
  return list;
}

function updateItem(item: YAMLMap, key: KeyEntry, document: Document): void {
  const before = item.toJSON() as Partial<KeyEntry>;
  for (const name of CHANGING) {
    const value = key[name];
    if (value !== undefined && !isDeepStrictEqual(before[name], value)) item.set(name, document.createNode(value));
  }
}

/**
 * Replaces the file of keys with what `change` makes of its text, which is undefined where there is no file yet: whole or
 * not at all, readable by its owner alone. Throws where another process is changing it, and what `change` throws.
 */
export async function changeKeysFile(path: string, change: (text: string | undefined) => string): Promise<void> {
  // The new file is the lock as well: two changes at once would lose one of them.
  const fresh = `${path}.new`;
  const file = await open(fresh, 'wx', 0o600).catch((cause: unknown) => {
    const hint = isCode(cause, 'EEXIST')
      ? `another process is changing it; if none is, delete \`${fresh}\``
      : 'its folder cannot be written';
    throw new Error(`\`${path}\` cannot be changed: ${hint}`, { cause });
  });
  try {
    await file.writeFile(change(await readIfThere(path)));
    await file.sync();
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh);
    throw error;
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
