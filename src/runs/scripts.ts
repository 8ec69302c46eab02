// The Lua of runs, read once at start. A build copies `scripts/` beside this module.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Redis script and the digest that EVALSHA knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** One script, and the keys and words that it is asked with. */
export interface Question {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** Asks Redis, within a deadline. */
export interface ScriptClient {
  run(question: () => Question): Promise<unknown>;
}

/** The script of that name, with those before it that it builds on. */
export function runScript(...names: readonly string[]): Script {
  const read = (name: string): string => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  const lua = names.map(read).join('\n');
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
