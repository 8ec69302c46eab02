import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { sep } from 'node:path';

/** How the config reaches its files. Injected, so that a config can also come from elsewhere. */
export interface Files {
  /** Rejects as `node:fs` does. */
  read(path: string): Promise<string>;
  /** Paths of all files below a folder, relative to it and sorted; hidden ones are not seen. Rejects as `node:fs` does. */
  list(folder: string): Promise<readonly string[]>;
}

export const systemFiles: Files = {
  read: (path) => readFile(path, 'utf8'),
  async list(folder) {
    // Kubernetes keeps the versions of a mounted folder in hidden ones beside the links to the current files.
    const entries = await readdir(folder, { recursive: true });
    return entries.filter((entry) => !entry.split(sep).some((part) => part.startsWith('.'))).sort();
  },
};

/** What was read, by `file:PATH` or `folder:PATH`: a hash of the content, or why it could not be read. */
export type Seen = ReadonlyMap<string, string>;

/** Files that remember what was read from them. */
export interface RecordedFiles extends Files {
  readonly seen: Seen;
}

export function recordFiles(files: Files): RecordedFiles {
  const seen = new Map<string, string>();
  async function record<T>(key: string, reading: Promise<T>): Promise<T> {
    try {
      const content = await reading;
      seen.set(key, hash('sha256', JSON.stringify(content)));
      return content;
    } catch (error) {
      seen.set(key, readingError(error));
      throw error;
    }
  }
  return {
    seen,
    read: (path) => record(`file:${path}`, files.read(path)),
    list: (folder) => record(`folder:${folder}`, files.list(folder)),
  };
}

/** The same files and folders as they read now. */
export async function seeAgain(seen: Seen, files: Files): Promise<Seen> {
  const now = recordFiles(files);
  const readings = [...seen.keys()].map((key) =>
    key.startsWith('file:') ? now.read(key.slice('file:'.length)) : now.list(key.slice('folder:'.length)),
  );
  await Promise.allSettled(readings);
  return now.seen;
}

export function isSame(one: Seen, other: Seen): boolean {
  return one.size === other.size && [...one].every(([key, digest]) => other.get(key) === digest);
}

/** Why a file could not be read, in a word of the system: `ENOENT`, `EACCES`, … */
export function readingError(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
