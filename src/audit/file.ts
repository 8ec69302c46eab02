import { close, fdatasync, ftruncate, mkdir, open, stat, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** One file that only grows. Every method rejects with the system's error. */
export interface AuditFile {
  /** Bytes that stand; a failed `append` adds none. */
  readonly size: number;
  /** False once a failed append could not be undone: what follows `size` is not known, and nothing may be added. */
  readonly sound: boolean;
  /** Appends all or nothing. Never called while another runs. */
  append(bytes: Buffer): Promise<void>;
  /** Resolves once what stands is on the disk. */
  sync(): Promise<void>;
  /** False where the path no longer names this file: moved or deleted under us. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a file that must not exist yet. */
export type OpenFile = (path: string) => Promise<AuditFile>;

const makeDir = promisify(mkdir);
const openPath = promisify(open);
const statPath = promisify(stat);
const truncate = promisify(ftruncate);
const syncData = promisify(fdatasync);
const closeFd = promisify(close);

/** Opens a new file on the disk, its folder with it. Nobody but this user may read either. */
export async function openFile(path: string): Promise<AuditFile> {
  await makeDir(dirname(path), { recursive: true, mode: 0o700 });
  const fd = await openPath(path, 'ax', 0o600);
  const { ino } = await statPath(path);
  return fileOn(fd, async () => (await statPath(path).catch(() => undefined))?.ino === ino);
}

/** An open, empty descriptor as an audit file. */
export function fileOn(fd: number, isInPlace: () => Promise<boolean>): AuditFile {
  let size = 0;
  let sound = true;
  return {
    get size() {
      return size;
    },
    get sound() {
      return sound;
    },
    async append(bytes) {
      try {
        writeAll(fd, bytes);
        size += bytes.length;
      } catch (error) {
        await truncate(fd, size).catch(() => {
          sound = false;
        });
        throw error;
      }
    },
    sync: () => syncData(fd),
    isInPlace,
    close: () => closeFd(fd),
  };
}

// Into the system's cache, which takes microseconds; a thread of its own for that would cost ten times as much. What waits
// for the disk (`sync`, opening, closing) does so elsewhere. A disk that is nearly full takes a part, and fails on the next try.
function writeAll(fd: number, bytes: Buffer): void {
  for (let start = 0; start < bytes.length;) start += writeSync(fd, bytes, start);
}
