// The Lua of what is kept of tools, of timelines and of loops, read once at start. A build copies `scripts/` beside this module.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A question to Redis: a script, and what it is asked with. */
export interface Question {
  readonly script: { readonly lua: string; readonly sha: string };
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** As much of the connection as is needed here (limits/redis.ts). */
export interface ScriptRunner {
  /** Asks with the others of this turn. */
  run(question: () => Question): Promise<unknown>;
}

function read(name: string): string {
  return readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
}

function script(...names: readonly string[]): Question['script'] {
  const lua = names.map(read).join('\n');
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export const REMEMBER_USES = script('uses', 'uses-remember');
export const JOIN_USE = script('uses', 'uses-join');
export const TELL_USES = script('uses', 'uses-tell');
export const APPEND_STEPS = script('steps-append');
export const READ_STEPS = script('steps-read');
export const LOOPS = script('loops');
