import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Place, Scope, SettingsFile } from './client.ts';

/** Where files are looked for. */
export interface Whereabouts {
  /** The user's home folder. */
  readonly home: string;
  /** Folder of the project. */
  readonly project: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Those of this process. */
export function currentWhereabouts(): Whereabouts {
  return { home: homedir(), project: process.cwd(), env: process.env };
}

/** The scope of a file that is meant: the one that is asked for, else the user's where the client has one. */
export function scopeOf({ places }: SettingsFile, asked: Scope | undefined): Scope {
  return asked ?? (places.user ? 'user' : 'project');
}

/** Path of a client's file on this machine. */
export function pathOf({ folder, moved, names }: Place, { home, project, env }: Whereabouts): string {
  const given = moved && env[moved.by];
  const base = given ? join(given, moved.within ?? '') : join(...fromRoot(folder, { home, project }));
  const paths = names.map((name) => join(base, name));
  return paths.find((path) => existsSync(path)) ?? join(base, names[0]);
}

function fromRoot(folder: string, { home, project }: Pick<Whereabouts, 'home' | 'project'>): [string, string] {
  return folder.startsWith('~/') ? [home, folder.slice('~/'.length)] : [project, folder];
}

/** The place as a person writes it, e.g. `~/.codex/config.toml`. */
export function shownPlace({ folder, names }: Place): string {
  return folder === '.' ? names[0] : `${folder}/${names[0]}`;
}
