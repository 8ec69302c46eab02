// What the settings of a client consist of. Strings are templates: `<name>` stands for the value of that name.
// INVARIANT: `<token>` stands in variables of a shell alone; files get the name of a variable, never a secret.
import type { ClientName, Dialect } from './names.ts';

export type Value = string | number | boolean | Tree | readonly Value[];
export interface Tree {
  readonly [key: string]: Value;
}

/** Environment variables by name. */
export type Variables = Readonly<Record<string, string>>;

export type Scope = 'user' | 'project';
export type Format = 'json' | 'toml' | 'dotenv';

/** Where a client looks for a file. */
export interface Place {
  /** `~/…`, or a folder of the project. */
  readonly folder: string;
  /** Variable that names another folder, where it is set; `within` is what follows it there. */
  readonly moved?: { readonly by: string; readonly within?: string };
  /** The file's names: the first that is there, else the first. */
  readonly names: readonly [string, ...string[]];
}

/** A file of the client's own. Where two templates set the same place, the later wins. */
export interface SettingsFile {
  readonly format: Format;
  readonly places: Readonly<Partial<Record<Scope, Place>>>;
  readonly settings: Tree;
  /** Set only where the file says nothing yet: what a person is meant to adjust. */
  readonly defaults?: Tree;
}

/** One way to connect. What mentions `<model>` is left out where no model is given. */
export interface Settings {
  /** Variables that alone connect the client, where it takes all from its environment. */
  readonly shell?: Variables;
  /** Files that connect it for good. */
  readonly files?: readonly SettingsFile[];
  /** Variables that it needs besides its files. */
  readonly beside?: Variables;
  readonly needsModel?: boolean;
  /** Sentences: traps that a user must know. */
  readonly notes?: readonly string[];
}

export interface Client {
  readonly title: string;
  /** By the dialect spoken; the first is what it speaks unless told otherwise. */
  readonly models?: Readonly<Partial<Record<Dialect, Settings>>>;
  /** As a client of one MCP server. */
  readonly mcp?: Settings;
  readonly notes: readonly string[];
}

export type Clients = Readonly<Record<ClientName, Client>>;
