// How names become parts of Redis keys; docs/redis-keys.md says what each key holds. All keys of a tenant have its hash tag.
import type { RunId } from './ids.ts';

/** What no encoding changes: most texts, and a test costs less. */
const PLAIN = /^[\w.~!*'()-]*$/;
const PLAIN_NAME = /^[\w.~!*'()/-]*$/;
const PLAIN_PATH = /^[\w.~!*'();/?:@&=+$,#-]*$/;

/** No blanks, braces or control characters; distinct texts stay distinct. */
export function escaped(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text.toWellFormed());
}

/** The same, but for the slash, which is kept. */
export function escapedName(text: string): string {
  return PLAIN_NAME.test(text) ? text : encodeURIComponent(text.toWellFormed()).replaceAll('%2F', '/');
}

export function escapedPath(text: string): string {
  return PLAIN_PATH.test(text) ? text : encodeURI(text.toWellFormed());
}

/** The same back: what `escaped` was given. */
export function unescaped(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text;
}

/** What every key of a tenant begins with: `wg:{tenant}:`; an empty tenant is `%`, since Redis takes an empty tag for none. */
export function tenantPrefix(tenant: string): string {
  if (tenant === '%all') return 'wg:{%all}:';
  return `wg:{${escaped(tenant) || '%'}}:`;
}

/** The keys of a tenant's runs. */
export interface RunKeys {
  /** Stops of the whole tenant and of its agents. */
  readonly stops: string;
  /** Its roots, by last activity. */
  readonly roots: string;
  readonly tree: (root: RunId) => string;
  readonly run: (run: RunId) => string;
  /** The runs of a tree, by birth. */
  readonly nodes: (root: RunId) => string;
}

export function runKeys(tenant: string): RunKeys {
  const prefix = tenantPrefix(tenant);
  return {
    stops: `${prefix}stops`,
    roots: `${prefix}roots`,
    tree: (root) => `${prefix}tree:${escaped(root)}`,
    run: (run) => `${prefix}run:${escaped(run)}`,
    nodes: (root) => `${prefix}nodes:${escaped(root)}`,
  };
}
