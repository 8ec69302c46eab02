// Settings of a client for one run: its folder as it is, by links, with one file changed. The user's own files stay as they are.
import { cp, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { SettingsFile } from '../connect/client.ts';
import { pathOf, type Whereabouts } from '../connect/place.ts';
import { planChange } from '../connect/write.ts';

export interface Moved {
  /** What tells the client of its folder. */
  readonly variable: string;
  readonly folder: string;
  /** Brings what the client made there to where it would have been, and removes the rest. */
  close(): Promise<void>;
}

/** Nothing where the client's folder cannot be moved. */
export async function moveSettings(file: SettingsFile, where: Whereabouts): Promise<readonly Moved[]> {
  const place = file.places.user;
  if (!place?.moved) return [];
  const path = pathOf(place, where);
  const { after } = await planChange(path, { format: file.format, wanted: file });
  const folder = await mkdtemp(join(tmpdir(), 'waygate-run-'));
  const { by: variable, within } = place.moved;
  const inner = within === undefined ? folder : join(folder, within);
  const name = basename(path);
  if (within !== undefined) {
    await mkdir(inner);
    await linkAll(dirname(dirname(path)), folder, within);
  }
  await linkAll(dirname(path), inner, name);
  await writeFile(join(inner, name), after, { mode: 0o600 });
  return [
    {
      variable,
      folder,
      async close() {
        await bringBack(inner, dirname(path), name);
        await rm(folder, { recursive: true, force: true });
      },
    },
  ];
}

async function linkAll(from: string, to: string, except: string): Promise<void> {
  for (const name of await readdir(from).catch(() => [])) {
    if (name !== except) await symlink(join(from, name), join(to, name));
  }
}

/** What is no link any more was made, or written anew, by the client. */
async function bringBack(from: string, to: string, except: string): Promise<void> {
  for (const name of await readdir(from)) {
    const made = join(from, name);
    if (name === except || (await lstat(made)).isSymbolicLink()) continue;
    await mkdir(to, { recursive: true });
    await cp(made, join(to, name), { recursive: true });
  }
}
