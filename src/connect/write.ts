// Client files on disk. INVARIANT: a file is changed whole or not at all, and what was there is kept beside it.
import { constants, copyFile, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Format } from './client.ts';
import { edit } from './edit.ts';
import { CannotEdit, type Wanted } from './merge.ts';

/** What would become of a file. */
export interface FileChange {
  readonly path: string;
  /** Undefined where there is no file yet. */
  readonly before: string | undefined;
  readonly after: string;
}

/** Works out a change. Throws why the file cannot be read or edited. */
export async function planChange(
  path: string,
  { format, wanted }: { readonly format: Format; readonly wanted: Wanted },
): Promise<FileChange> {
  try {
    const before = await readIfThere(path);
    return { path, before, after: edit(format, { ...(before !== undefined && { text: before }), wanted }) };
  } catch (error) {
    const reason = error instanceof CannotEdit ? error.message : 'it cannot be read as text';
    const todo = 'mend it, or put in by hand what `waygate connect` prints without `--write`';
    throw new Error(`\`${path}\` is left as it is: ${reason}; ${todo}`, { cause: error });
  }
}

/** Makes a change; resolves to the path of the copy of what was there, if anything was. */
export async function makeChange(
  { path, before, after }: FileChange,
  { nowMs }: { readonly nowMs: number },
): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true });
  // Settings are often links into a folder under version control: the link stays.
  const target = before === undefined ? path : await realpath(path);
  const mode = before === undefined ? 0o600 : (await stat(target)).mode & 0o777;
  const fresh = `${target}.waygate-new`;
  const file = await open(fresh, 'wx', mode).catch((cause: unknown) => {
    throw new Error(`\`${path}\` cannot be written; if \`${fresh}\` is there, delete it`, { cause });
  });
  try {
    await file.writeFile(after);
    await file.sync();
    const copy = before === undefined ? undefined : `${target}.${stampOf(nowMs)}.bak`;
    if (copy !== undefined) await copyFile(target, copy, constants.COPYFILE_EXCL);
    await rename(fresh, target);
    return copy;
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** `20261124T035447Z` */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
